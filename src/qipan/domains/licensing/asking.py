"""What an application asks for: the item's form with the uploads that its materials need."""

from qipan.domains.licensing.models import Application
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.declaration import FormRow
from qipan.kernel.items import queries as items


def form_of(row: Application) -> FormRow:
    """The form of an application; as it was declared where its item is no longer offered."""
    item = items.item(row.item_code)
    return forms.asked(item) if item is not None and item.form == row.form_code else forms.form(row.form_code)

"""What an application asks for: the item's form with the uploads that its materials need."""

from typing import Any

from qipan.domains.licensing.models import Application
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.declaration import FormField, FormRow
from qipan.kernel.items import queries as items


def form_of(row: Application) -> FormRow:
    """The form of an application; as it was declared where its item is no longer offered."""
    item = items.item(row.item_code)
    return forms.asked(item) if item is not None and item.form == row.form_code else forms.form(row.form_code)


def words_of(field: FormField | None, value: Any) -> str:
    """An answer in words: of a choice, the title."""
    titles = {option.code: option.title for option in field.options} if field else {}
    return "；".join(
        titles.get(str(one), str(one)) for one in (value if isinstance(value, list) else [value])
    )

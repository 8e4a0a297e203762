"""An application, its case and its item as they stand now, locked or not."""

from django.db import connection
from django.db.models import BigIntegerField
from django.utils.translation import gettext as _

from qipan.conf.composed import Composed
from qipan.domains.licensing.models import Application
from qipan.kernel.flow.models import Case
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item
from qipan.kernel.ledger.errors import Refused

_OF_CASE = Composed(
    lambda hole: Application.objects.filter(pk=hole("case", BigIntegerField())).select_related(
        "contact", "manager"
    )
)
_LOCKED = Composed(
    lambda hole: Case.objects.select_for_update(of=("self",), no_key=True).filter(
        pk=hole("case", BigIntegerField())
    )
)


_CASE = Composed(lambda hole: Case.objects.filter(pk=hole("case", BigIntegerField())))


def case_of(case_id: int) -> Case:
    """The case of an application, not locked."""
    found: Case | None = _CASE.first(case=case_id)
    if found is None:
        raise Case.DoesNotExist
    return found


def application_of(case_id: int) -> Application | None:
    """The application of a case, with its people."""
    found: Application | None = _OF_CASE.first(case=case_id)
    return found


def item_of(row: Application) -> Item:
    """The item that is applied for. Refuses one that is no longer there."""
    item = items.item(row.item_code)
    if item is None:
        raise Refused(_("事项已停用。"), code="not_found")
    return item


def locked(row: Application) -> Case:
    """The locked case of an application, and the application as it stands: it was read before, perhaps long before."""
    case: Case | None = _LOCKED.first(case=row.pk)
    # What is joined to a locked row may be older than the lock, so that it is a statement of its own.
    fresh = application_of(row.pk)
    if case is None or fresh is None:
        raise Application.DoesNotExist
    for field in Application._meta.concrete_fields:
        setattr(row, field.attname, getattr(fresh, field.attname))
    row._state.fields_cache = dict(fresh._state.fields_cache)
    row.case = case
    return case


def is_alone(what: str) -> bool:
    """Whether no other transaction is about the same thing now; none other will be until the present one ends.

    It never waits: who comes second is told so, and no two wait for one another.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"licensing:{what}"])
        return bool(cursor.fetchone()[0])

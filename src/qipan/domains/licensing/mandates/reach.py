"""Which cases the mandates of an agent reach: applications for the items that they name, and themes of such items."""

from collections.abc import Iterable

from django.db.models import Q

from qipan.domains.licensing.models import Application, ThemeCase
from qipan.domains.licensing.themes import forming
from qipan.kernel.orgs.reader import Mandate
from qipan.kernel.subjects.mandates import provide_matters


def applications(mandates: Iterable[Mandate], case: int | None) -> list[int]:
    """The cases of the businesses' applications for the items of the mandates (`case`: that one only)."""
    reached = Q(pk__in=())
    for mandate in mandates:
        about = Q(item_code__in=mandate.items) if mandate.items else Q()
        reached |= Q(case__subject_id=mandate.subject_id) & about
    rows = Application.objects.filter(reached)
    return list((rows.filter(pk=case) if case is not None else rows).values_list("pk", flat=True))


def themes(mandates: Iterable[Mandate], case: int | None) -> list[int]:
    """The cases of the businesses' themes all of whose items one of the mandates names."""
    given: dict[int, list[Mandate]] = {}
    for mandate in mandates:
        given.setdefault(mandate.subject_id, []).append(mandate)
    rows = ThemeCase.objects.select_related("case").filter(case__subject_id__in=list(given))
    found = []
    for row in rows.filter(pk=case) if case is not None else rows:
        held = given[row.case.subject_id or 0]
        if any(not mandate.items for mandate in held) or _all_named(row, held):
            found.append(row.pk)
    return found


def _all_named(row: ThemeCase, held: list[Mandate]) -> bool:
    items = {part.item for part in forming.parts_of(row)[0]}
    return any(items <= mandate.items for mandate in held)


provide_matters(applications)
provide_matters(themes)

"""The terms of law and the calendar, put into a test's database quickly: read once, copied into each."""

from qipan.kernel.law import calendar, catalogue, loading, terms
from qipan.kernel.law.models import Holiday, HolidayYear, LawRule
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.publication import loading as publication
from qipan.kernel.publication.models import PublicationKind

_kept: dict[type, list] = {}


def load() -> None:
    """Every term that the rooms ship, the published holidays and the kinds of publication."""
    if not _kept:
        sources = [catalogue.checked(source) for source in catalogue.files() if source.kind == "rules"]
        loading.load_rules([row for rows in sources for row in rows], Actor.system())
        loading.load_holidays()
        kinds = [
            catalogue.checked(source) for source in catalogue.files() if source.kind == "publication_kinds"
        ]
        publication.load_kinds([row for rows in kinds for row in rows], Actor.system())
        for model in (LawRule, HolidayYear, Holiday, PublicationKind):
            _kept[model] = list(model.objects.all())
    else:
        for model, rows in _kept.items():
            model.objects.bulk_create(rows, ignore_conflicts=True)
    terms.forget()
    calendar.forget()

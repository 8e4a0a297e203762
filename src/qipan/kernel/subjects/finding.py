"""Keeping what many subjects are found by up to date at once."""

from collections.abc import Iterable, Sequence

from django.db import connection

from qipan.kernel.subjects import searching
from qipan.kernel.subjects.models import Grant, Identifier, Premises, Subject


def refresh_many(pks: Sequence[int]) -> None:
    """Make the search pieces of these subjects anew: four reads and one write, whatever their number."""
    names: dict[int, tuple[str, str]] = {
        pk: (name, domicile)
        for pk, name, domicile in Subject.objects.filter(pk__in=pks).values_list("pk", "name", "domicile")
    }
    codes = _gathered(Identifier.objects.filter(subject__in=pks).values_list("subject_id", "value"))
    for pk, numbers in _gathered(
        Grant.objects.filter(subject__in=pks).values_list("subject_id", "number")
    ).items():
        codes.setdefault(pk, []).extend(numbers)
    places = _gathered(Premises.objects.filter(subject__in=pks).values_list("subject_id", "address", "name"))
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE subjects_subject SET grams = %s WHERE id = %s",
            [
                (searching.grams(name, codes.get(pk, ()), [domicile, *places.get(pk, ())]), pk)
                for pk, (name, domicile) in names.items()
            ],
        )


def _gathered(rows: Iterable[tuple[object, ...]]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for pk, *texts in rows:
        found.setdefault(int(str(pk)), []).extend(str(text) for text in texts)
    return found

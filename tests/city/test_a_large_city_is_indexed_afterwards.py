"""Large builds do without some indexes meanwhile; none is missing afterwards, whatever happened."""

import pytest
from django.db import connection

from qipan.city import indexes


def there() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)",
            [[model._meta.db_table for model in indexes.MODELS]],
        )
        return {f"{name}: {definition}" for name, definition in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_they_are_gone_meanwhile_and_the_same_afterwards() -> None:
    before, heard = there(), []
    with indexes.made_afterwards(indexes.LARGE, lambda: heard.append(there())):
        meanwhile = there()
        assert not any("gin (grams)" in each for each in meanwhile)
    assert len(before - meanwhile) == sum(len(model._meta.indexes) for model in indexes.MODELS)
    assert heard == [meanwhile]
    assert there() == before


@pytest.mark.django_db(transaction=True)
def test_a_build_that_was_cut_off_leaves_none_missing() -> None:
    before = there()
    with pytest.raises(RuntimeError), indexes.made_afterwards(indexes.LARGE, lambda: None):
        raise RuntimeError
    assert there() != before
    with indexes.made_afterwards(indexes.LARGE, lambda: None):  # the next one finds them missing already
        assert there() != before
    assert there() == before
    indexes.make_missing()
    assert there() == before


@pytest.mark.django_db
@pytest.mark.parametrize("subjects", [indexes.LARGE - 1, indexes.LARGE])
def test_a_small_build_and_one_in_a_transaction_keep_them(subjects: int) -> None:
    before = there()
    with indexes.made_afterwards(subjects, lambda: None):
        assert there() == before

"""What begins with a path is asked for as a range of signs, and gives exactly what the pattern gives."""

import pytest
from django.db.models import Q
from hypothesis import given
from hypothesis import strategies as st

from qipan.kernel.flow.models import Case
from qipan.kernel.orgs.models import Unit
from qipan.kernel.orgs.prefixes import after
from tests.orgs.factories import UnitTree

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4)


@given(TEXTS, TEXTS)
def test_a_text_lies_in_the_range_exactly_when_it_has_the_prefix(prefix: str, text: str) -> None:
    end = after(prefix)
    for each in (text, prefix + text):
        within = prefix.encode() <= each.encode() and (end is None or each.encode() < end.encode())
        assert within == each.startswith(prefix)


@pytest.mark.django_db
def test_units_below_a_path_are_the_same_by_range_and_by_pattern() -> None:
    UnitTree()
    for path in ("SZ/", "SZ/FT/", "SZ/FT/FT01/", "SZ/F", "SZ/XX/", ""):
        paths = set(Unit.objects.filter(path__startswith=path).values_list("path", flat=True))
        assert paths == {each for each in Unit.objects.values_list("path", flat=True) if each.startswith(path)}
        rest = Unit.objects.filter(~Q(path__startswith=path)).count()
        assert rest + len(paths) == Unit.objects.count()


def test_other_columns_and_wildcards_keep_the_pattern() -> None:
    assert ">= SZ/_%" in str(Case.objects.filter(org_path__startswith="SZ/_%").query)
    assert "LIKE" in str(Case.objects.filter(title__startswith="深圳").query)

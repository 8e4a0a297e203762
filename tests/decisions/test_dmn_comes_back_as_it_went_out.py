"""Round trips: a model written and read is the same model; a table of ours exported and imported is the same table."""

import datetime
import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qipan.kernel.decisions import queries
from qipan.kernel.decisions.dmn import document, model
from qipan.kernel.decisions.dmn.exporting import exported
from qipan.kernel.decisions.dmn.importing import imported
from qipan.kernel.decisions.dmn.reading import read
from qipan.kernel.decisions.dmn.writing import write
from qipan.kernel.decisions.feel.beyond import Beyond
from qipan.kernel.decisions.feel.values import Months
from qipan.kernel.decisions.loading import TableRow, load_tables
from qipan.kernel.decisions.storing import restored, stored
from qipan.kernel.decisions.tables import Table, evaluate_table
from qipan.kernel.ledger.actor import Actor

names = st.text(st.sampled_from("甲乙abcXYZ <>&\"'🀄"), min_size=1, max_size=6).filter(
    lambda name: name.strip() == name
)
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn")), max_size=12)
types = st.sampled_from(["", "number", "string", "tGrade"])
ids = st.integers(1, 99).map(lambda number: f"id_{number}")
literal = st.builds(model.LiteralExpression, texts, types)
table = st.builds(
    model.DecisionTable,
    st.sampled_from(["U", "A", "P", "F", "R", "O", "C", "C+", "C<", "C>", "C#"]),
    st.lists(st.builds(model.InputClause, texts, texts, types, texts, texts), max_size=3).map(tuple),
    st.lists(st.builds(model.OutputClause, texts, texts, types, texts, st.none() | texts), max_size=2).map(
        tuple
    ),
    st.lists(
        st.builds(
            model.RuleRow,
            st.lists(texts, max_size=3).map(tuple),
            st.lists(texts, max_size=2).map(tuple),
            st.lists(texts, max_size=2).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
    st.lists(names, max_size=2).map(tuple),
    texts,
)
parameters = st.lists(st.builds(model.Parameter, names, types), max_size=2).map(tuple)


def boxes(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(inner, max_size=2).map(tuple)
    return st.one_of(
        st.builds(
            model.ContextBox,
            st.lists(st.builds(model.ContextEntry, names, types, inner), max_size=2).map(tuple),
        ),
        st.builds(model.Invocation, inner, st.lists(st.tuples(names, inner), max_size=2).map(tuple)),
        st.builds(model.ListBox, some),
        st.builds(
            model.Relation, st.lists(names, max_size=2).map(tuple), st.lists(some, max_size=2).map(tuple)
        ),
        st.builds(model.FunctionDefinition, parameters, inner, st.sampled_from(["FEEL", "Java"])),
        st.builds(model.Conditional, inner, inner, inner),
        st.builds(model.FilterBox, inner, inner),
        st.builds(model.IterationBox, st.sampled_from(["for", "some", "every"]), names, inner, inner),
    )


box = st.recursive(literal | table, boxes, max_leaves=5)
items = st.recursive(
    st.builds(model.ItemDefinition, names, types, st.booleans(), texts, texts),
    lambda inner: st.builds(
        model.ItemDefinition, names, components=st.lists(inner, min_size=1, max_size=2).map(tuple)
    ),
    max_leaves=3,
)
definitions = st.builds(
    model.Definitions,
    names,
    names,
    ids,
    imports=st.lists(st.builds(model.Import, names, names), max_size=1).map(tuple),
    items=st.lists(items, max_size=2).map(tuple),
    inputs=st.lists(st.builds(model.InputData, ids, names, types), max_size=2).map(tuple),
    decisions=st.lists(
        st.builds(model.Decision, ids, names, types, st.none() | box, st.lists(ids, max_size=1).map(tuple)),
        max_size=2,
    ).map(tuple),
    knowledge=st.lists(
        st.builds(
            model.Knowledge,
            ids,
            names,
            types,
            st.builds(model.FunctionDefinition, parameters, box),
            st.just(()),
        ),
        max_size=1,
    ).map(tuple),
    services=st.lists(st.builds(model.Service, ids, names, types, st.tuples(ids)), max_size=1).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(definitions)
def test_a_model_written_and_read_is_the_same(made: model.Definitions) -> None:
    written = write(made)
    assert read(written) == made
    assert document.opened(written).tag.startswith("{https://www.omg.org/spec/DMN/20")


def test_what_is_newer_than_dmn_1_3_says_so() -> None:
    plain = model.Definitions(
        "x", "urn:x", decisions=(model.Decision("d", "d", "", model.LiteralExpression("1")),)
    )
    newer = model.Definitions(
        "x",
        "urn:x",
        decisions=(model.Decision("d", "d", "", model.FilterBox(*[model.LiteralExpression("1")] * 2)),),
    )
    assert document.WRITTEN.encode() in write(plain)
    assert document.WRITTEN_NEWER.encode() in write(newer)


def test_a_text_that_xml_cannot_carry_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot carry"):
        write(model.Definitions("\x00", "urn:x"))


words = st.text(st.sampled_from('甲乙aB "\\,-\n'), min_size=1, max_size=5).filter(
    lambda word: word.strip() == word
)


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    """Tables without gap or overlap: an enumeration cut in two, and a number cut at some places."""
    values = draw(st.lists(words, min_size=2, max_size=4, unique=True))
    cuts = sorted(draw(st.sets(st.integers(-50, 50), max_size=3)))
    first = draw(st.integers(1, len(values) - 1))
    results = ["甲", "乙"]
    quoted = [
        '"' + one.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"' for one in values
    ]
    rows = [",".join(quoted[:first]), ",".join(quoted[first:])]
    ranges = (
        ["-"]
        if not cuts
        else [
            f"< {cuts[0]}",
            *(f"[{a}..{b})" for a, b in itertools.pairwise(cuts)),
            f">= {cuts[-1]}",
        ]
    )
    rules = [
        {
            "when": [row, span],
            "then": [f'"{draw(st.sampled_from(results))}"'],
            "note": draw(words),
            "source": "",
            "unconfirmed": "a test",
        }
        for row in rows
        for span in ranges
    ]
    return {
        "code": "test.round",
        "title": "往返",
        "hit_policy": draw(st.sampled_from(["U", "A", "P", "F", "R", "O", "C", "C#"])),
        "inputs": [
            {"name": "kind", "title": "业态", "expression": "kind", "type": "string", "domain": values},
            {"name": "area", "title": "面积", "expression": "area", "type": "number", "domain": None},
        ],
        "outputs": [
            {
                "name": "result",
                "title": "结果",
                "type": "string",
                "values": results,
                "default": draw(st.sampled_from([None, '"乙"'])),
            }
        ],
        "rules": rules,
    }


@settings(max_examples=120, deadline=None)
@given(bodies(), st.integers(-60, 60))
def test_a_table_exported_and_imported_is_the_same_and_decides_the_same(
    body: dict[str, Any], area: int
) -> None:
    before = Table.from_body(body)
    back = imported(exported(before, datetime.date(2026, 1, 1)), code="test.round")
    assert back == body
    facts = {"kind": body["inputs"][0]["domain"][0], "area": area}
    assert evaluate_table(Table.from_body(back), facts).outputs == evaluate_table(before, facts).outputs


@pytest.mark.django_db
def test_every_table_that_we_ship_goes_out_and_comes_back() -> None:
    from qipan.kernel.decisions.models import TableVersion
    from qipan.kernel.law import catalogue

    catalogue.load_all()
    versions = list(TableVersion.objects.all())
    assert versions
    for version in versions:
        kept = Table.from_body(version.body)
        back = imported(queries.file_of(version), code=version.code)
        assert Table.from_body(back) == kept
    assert read(queries.as_dmn(versions[0].code)).decisions[-1].name == versions[0].title


@pytest.mark.django_db
def test_a_loaded_table_is_the_exported_one() -> None:
    row = TableRow.model_validate(
        {
            "code": "test.one",
            "valid_from": "2024-01-01",
            "title": "一",
            "inputs": [
                {
                    "name": "d",
                    "title": "日",
                    "type": "date",
                    "domain": '[date("2024-01-01")..date("2026-01-01")]',
                }
            ],
            "outputs": [{"name": "r", "title": "果", "type": "number"}],
            "rules": [{"when": ["-"], "then": ["1"], "unconfirmed": "a test"}],
        }
    )
    load_tables([row], Actor.system())
    assert imported(queries.as_dmn("test.one"), code="test.one") == row.body()


moments = st.datetimes() | st.datetimes(timezones=st.timezones())
values = st.recursive(
    st.none()
    | st.booleans()
    | st.text(max_size=5)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.dates()
    | st.times()
    | moments
    | st.timedeltas()
    | st.integers(-9999, 9999).map(Months),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(values)
def test_a_kept_value_reads_back_the_same(value: Any) -> None:
    assert restored(stored(value)) == value


def test_a_far_date_is_kept_too() -> None:
    from qipan.kernel.decisions.feel import temporal

    far = temporal.read_moment("-2021-01-01T10:00:00.000000001Z")
    assert isinstance(far, Beyond)
    assert temporal.write(restored(stored(far))) == temporal.write(far)
    assert restored(stored(Decimal("1.10"))) == Decimal("1.10")

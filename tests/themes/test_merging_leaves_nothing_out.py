"""One form of many (DOMAIN 3.7 a, b): whatever the situation, right answers to it are right for every item, each asked once."""

import dataclasses
from collections.abc import Callable

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from qipan.domains.licensing.themes import asking, graph, merging, queries
from qipan.domains.licensing.themes.declaration import ThemeRow
from qipan.kernel.forms.conditions import holds
from qipan.kernel.forms.declaration import FormField, FormRow, Repeat, Section, asked_about
from qipan.kernel.forms.validation import validate
from tests.themes.walking import answer_to

pytestmark = pytest.mark.django_db
KNOWN = {
    "subject.name": "深圳市已有公司",
    "subject.uscc": "91440300MA5DA0B10Y",
    "subject.domicile": "深圳市福田区红荔路1号",
}


@st.composite
def situations(draw, theme: ThemeRow):
    """Some situation in which everything that must be answered is."""
    found = {}
    for question in theme.questions:
        if not holds(question.when, found):
            continue
        codes = [option.code for option in question.options]
        if question.kind == "choice":
            found[question.code] = draw(st.sampled_from(codes))
        elif question.kind == "multi":
            found[question.code] = draw(st.lists(st.sampled_from(codes), min_size=1, max_size=3, unique=True))
        elif question.kind == "bool":
            found[question.code] = draw(st.booleans())
        else:
            found[question.code] = draw(st.sampled_from(["50", "299", "300", "5000"]))
    return found


def right(one: FormField):
    """Any right answer to a field, whichever of its options."""
    codes = [option.code for option in one.options]
    if one.kind == "choice":
        return st.sampled_from(codes)
    if one.kind == "multi":
        return st.lists(st.sampled_from(codes), min_size=1, max_size=3, unique=True)
    return st.just(answer_to(one, 7, "photo"))


@st.composite
def rows(draw, group: Section):
    """Right rows of a group, as few and as many as it takes (within reason); of the fields those that their row asks for."""
    assert group.repeat is not None
    least = group.repeat.min
    made = []
    for _row in range(draw(st.integers(least, min(group.repeat.max, least + 2)))):
        row = {}
        for one in group.fields:
            if holds(one.when, row):
                row[one.code] = draw(right(one))
        made.append(row)
    return made


def of_each(every: list[ThemeRow], examples: int, hold: Callable[[ThemeRow, st.DataObject], None]) -> None:
    """A property tried on every theme, in so many situations each."""

    @given(data=st.data())
    @settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=[HealthCheck.filter_too_much]
    )
    def tried(theme: ThemeRow, data: st.DataObject) -> None:
        hold(theme, data)

    for theme in every:
        tried(theme)


def test_right_answers_to_the_one_form_are_right_for_every_item(every: list[ThemeRow]) -> None:
    of_each(every, 4, answered_for_every_item)


def answered_for_every_item(theme: ThemeRow, data: st.DataObject) -> None:
    situation = asking.answered(theme, data.draw(situations(theme)))
    assert situation.ok, situation.errors
    rules = queries.covers()
    nodes = graph.nodes(asking.chosen(theme, situation.cleaned))
    founded = any(node.founds for node in nodes)
    library = {node.code: {} if founded else KNOWN for node in nodes}
    merged = merging.merge(theme, nodes, rules, situation.cleaned, library)
    answers = {}
    for one in merged.form.fields:
        if one.required or data.draw(st.booleans()):
            answers[one.code] = data.draw(right(one))
    for group in merged.form.groups:
        if holds(group.when, answers):
            answers[group.code] = data.draw(rows(group))
    result = validate(merged.form, answers)
    assert result.ok, result.errors
    own = merging.split(merged, result.cleaned)
    for node in nodes:
        origins = merged.origins[node.code]
        elsewhere = {
            each.code
            for each in node.form.fields
            if origins[each.code].place in {"LIBRARY", "LICENCE", "PART"}
        }
        known = {code: origins[code].value for code in elsewhere if origins[code].value is not None}
        alone = validate(node.form, own[node.code], skip=frozenset(elsewhere), known=known)
        assert alone.ok, (theme.code, node.code, alone.errors)
        for group in node.form.groups:
            typed = result.cleaned.get(f"{node.code}_{group.code}", [])
            assert len(alone.cleaned.get(group.code, [])) == len(typed), "no row is lost"
    elements = [ask.element for ask in merged.asks.values() if ask.element]
    takers = [taker for ask in merged.asks.values() for taker in ask.takers]
    assert len(set(elements)) == len(elements) and len(set(takers)) == len(takers)


def test_what_lacks_in_the_one_form_is_said_there(every: list[ThemeRow]) -> None:
    """Leaving out any one required answer is refused by the one form, at that field: every field of every theme."""
    rules = queries.covers()
    for theme in every:
        situation = asking.answered(theme, theme.usual).cleaned
        nodes = graph.nodes(asking.chosen(theme, situation))
        merged = merging.merge(theme, nodes, rules, situation)
        answers = {one.code: answer_to(one, 7, "photo") for one in merged.form.fields}
        required = [one.code for one in merged.form.fields if one.required and holds(one.when, answers)]
        assert required, theme.code
        for gone in required:
            assert gone in validate(merged.form, {**answers, gone: ""}).errors, (theme.code, gone)


def test_a_question_stands_before_what_depends_on_its_answer(every: list[ThemeRow]) -> None:
    for theme in every:
        situation = asking.answered(theme, theme.usual).cleaned
        merged = merging.merge(
            theme, graph.nodes(asking.chosen(theme, situation)), queries.covers(), situation
        )
        seen: set[str] = set()
        for section in merged.form.sections:
            for field in section.fields:
                if section.repeat is None:
                    assert set(asked_about(field.when)) <= seen, (theme.code, field.code)
                    seen.add(field.code)
        assert seen == {ask.field.code for ask in merged.asks.values()}, theme.code


def test_rows_of_two_parts_stay_apart_and_their_conditions_hold(every: list[ThemeRow]) -> None:
    """Two items ask for rows under the same names; a field of a row waits for another of its row, a group for a field."""
    kind = FormField(
        code="kind",
        title="种类",
        kind="choice",
        required=True,
        options=[{"code": "A", "title": "甲"}, {"code": "B", "title": "乙"}],
    )
    size = FormField(
        code="size", title="规格", required=True, when={"field": "kind", "op": "eq", "value": "B"}
    )
    many = FormField(code="many", title="有多台", kind="bool")
    group = Section(
        title="设备",
        fields=[kind, size],
        code="machines",
        row_title="设备",
        repeat=Repeat(min=1, max=3),
        when={"field": "many", "op": "eq", "value": True},
    )
    theme = queries.theme("canteen")
    assert theme is not None
    nodes = [
        dataclasses.replace(
            node,
            form=FormRow(
                code="test.rows",
                valid_from=theme.valid_from,
                title="表",
                sections=[Section(title="一", fields=[many]), group],
            ),
        )
        for node in graph.nodes(theme.parts)[:2]
    ]
    merged = merging.merge(theme, nodes, queries.covers(), {})
    one, other = (node.code for node in nodes)
    assert [found.code for found in merged.form.groups] == [f"{one}_machines", f"{other}_machines"]
    codes = [c for s in merged.form.sections for c in (s.code, *(f.code for f in s.fields)) if c]
    assert len(set(codes)) == len(codes)
    answers = {
        f"{one}_many": True,
        f"{one}_machines": [{f"{one}_kind": "A"}, {f"{one}_kind": "B", f"{one}_size": "10 寸"}],
        f"{other}_many": False,
    }
    result = validate(merged.form, answers)
    assert result.ok, result.errors
    own = merging.split(merged, result.cleaned)
    assert (
        own[one]["machines"] == [{"kind": "A"}, {"kind": "B", "size": "10 寸"}]
        and "machines" not in own[other]
    )
    lacking = validate(
        merged.form, {**answers, f"{one}_machines": [{f"{one}_kind": "B"}], f"{other}_many": True}
    )
    assert set(lacking.errors) == {f"{one}_machines.0.{one}_size", f"{other}_machines"}

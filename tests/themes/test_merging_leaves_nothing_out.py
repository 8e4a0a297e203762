"""One form of many (DOMAIN 3.7 a, b): whatever the situation, right answers to it are right for every item, each asked once."""

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, assume, given, settings

from qipan.domains.licensing.themes import asking, graph, merging, queries
from qipan.domains.licensing.themes.declaration import ThemeRow
from qipan.kernel.forms.conditions import holds
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


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much])
def test_right_answers_to_the_one_form_are_right_for_every_item(every: list[ThemeRow], data) -> None:
    theme = data.draw(st.sampled_from(every))
    situation = asking.answered(theme, data.draw(situations(theme)))
    assert situation.ok, situation.errors
    rules = queries.covers()
    nodes = graph.nodes(asking.chosen(theme, situation.cleaned), rules)
    founded = any(node.founds for node in nodes)
    library = {node.code: {} if founded else KNOWN for node in nodes}
    merged = merging.merge(theme, nodes, rules, situation.cleaned, library)
    assume(not merged.form.groups)  # rows are held to their declaration in tests/forms
    answers = {}
    for one in merged.form.fields:
        if one.required or data.draw(st.booleans()):
            answers[one.code] = answer_to(one, 7, "photo")
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
        alone = validate(node.form, own[node.code], skip=frozenset(elsewhere))
        assert alone.ok, (theme.code, node.code, alone.errors)
    elements = [ask.element for ask in merged.asks.values() if ask.element]
    takers = [taker for ask in merged.asks.values() for taker in ask.takers]
    assert len(set(elements)) == len(elements) and len(set(takers)) == len(takers)


@given(data=st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much])
def test_what_lacks_in_the_one_form_is_said_there(every: list[ThemeRow], data) -> None:
    """Leaving out any one required answer is refused by the one form, at that field."""
    theme = data.draw(st.sampled_from(every))
    rules = queries.covers()
    situation = asking.answered(theme, theme.usual).cleaned
    nodes = graph.nodes(asking.chosen(theme, situation), rules)
    merged = merging.merge(theme, nodes, rules, situation)
    answers = {one.code: answer_to(one, 7, "photo") for one in merged.form.fields}
    required = [one.code for one in merged.form.fields if one.required and holds(one.when, answers)]
    gone = data.draw(st.sampled_from(required))
    assert gone in validate(merged.form, {**answers, gone: ""}).errors

"""Whatever a bureau writes into a cell, its evaluation ends within its budget: loops, recursion, growth, patterns."""

import time

import pytest

from qipan.kernel.decisions import actions
from qipan.kernel.decisions.feel import FeelLimitError, evaluate, parse_expression
from qipan.kernel.decisions.loading import TableRow, load_tables
from qipan.kernel.decisions.queries import failed_reasons
from qipan.kernel.ledger.actor import Actor
from tests.orgs.factories import UnitTree

DOUBLED = "{a0: [1, 1]" + "".join(f", a{n}: [a{n - 1}, a{n - 1}]" for n in range(1, 40)) + "}"
SIGNS = "a" * 60
STOPPED = {
    "loop in loop": "count(for x in 1..90000, y in 1..90000 return 1)",
    "loop without end": "for i in 1..1e6000 return i",
    "some in every": "every x in 1..90000 satisfies not(some y in 1..90000 satisfies y < 0)",
    "recursion": "{f: function(n) f(n + 1), g: f(1)}.g",
    "self application": "(function(f) f(f))(function(f) f(f))",
    "list of lists": DOUBLED,
    "text that doubles": 'for i in 1..60 return if i = 1 then "ab" else partial[-1] + partial[-1]',
    "results so far": "for i in 1..90000 return partial",
    "lists compared again and again": "{l: for i in 1..2000 return i, r: for i in 1..2000 return l = l}.r",
    "repeat in repeat": f'matches("{SIGNS}b", "(a+)+c")',
    "choice in repeat": f'matches("{SIGNS}b", "(a|aa)+c")',
    "many options": f'matches("{SIGNS}", "{"a?" * 40 + "a" * 70}")',
    "many repeats": f'matches("{SIGNS * 9}", "{"a*" * 9}b")',
    "replace": f'replace("{SIGNS}", "(a*)*b", "")',
    "split": f'split("{SIGNS}", "(a*)*b")',
}


@pytest.mark.parametrize("text", STOPPED.values(), ids=STOPPED.keys())
def test_what_costs_too_much_is_stopped(text: str) -> None:
    node = parse_expression(text)
    started = time.process_time()
    with pytest.raises(FeelLimitError, match=r"停止|没有执行"):
        evaluate(node, {})
    assert time.process_time() - started < 20, "the budget did not hold"


@pytest.mark.parametrize(
    "text", ["10 ** 6000 * 10 ** 6000", "exp(1e6000)", "2 ** 1e10", "modulo(1e6000, 3e-6000)"]
)
def test_numbers_beyond_measure_are_null(text: str) -> None:
    assert evaluate(parse_expression(text), {}) is None


@pytest.mark.django_db
def test_a_table_that_costs_too_much_goes_to_a_person_with_the_reason() -> None:
    row = {
        "code": "test.dear",
        "valid_from": "2024-01-01",
        "title": "昂贵的表",
        "inputs": [{"name": "n", "title": "数", "type": "number"}],
        "outputs": [{"name": "result", "title": "结果"}],
        "rules": [
            {
                "when": ["-"],
                "then": ["count(for x in 1..90000, y in 1..90000 return 1)"],
                "unconfirmed": "a test",
            }
        ],
    }
    load_tables([TableRow.model_validate(row)], Actor.system())
    decision = actions.decide("test.dear", {"n": 1}, record=UnitTree().city, actor=Actor.rules("SZ/"))
    assert actions.outputs_of(decision) is None and decision.matched == []
    assert "停止" in failed_reasons(decision)[0]
    assert actions.replay(decision) == []

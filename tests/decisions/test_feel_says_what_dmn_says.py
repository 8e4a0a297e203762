"""FEEL by family: what the built-in functions, dates, intervals, lists and contexts come to."""

import datetime
from decimal import Decimal
from typing import Any

import pytest

from qipan.kernel.decisions.feel import FeelSyntaxError, evaluate, parse_expression
from qipan.kernel.decisions.feel.functions.text import words

SCOPE = {
    "shops": [{"name": "甲", "area": Decimal(40)}, {"name": "乙", "area": Decimal(80)}],
    "day": datetime.date(2026, 1, 31),
    "rate in percent": Decimal(5),
}


def said(text: str) -> str:
    """What an expression comes to, as FEEL writes it."""
    return words(evaluate(parse_expression(text, SCOPE), SCOPE), True)


NUMBERS = [
    ("1/3", "0." + "3" * 34),
    ("decimal(2.5, 0)", "2"),
    ("decimal(1/3, 2)", "0.33"),
    ("round up(-1.01, 0)", "-2"),
    ("round down(-1.99, 0)", "-1"),
    ("round half up(2.5, 0)", "3"),
    ("round half down(2.5, 0)", "2"),
    ("floor(-1.5)", "-2"),
    ("ceiling(1.126, 2)", "1.13"),
    ("modulo(-12, 5)", "3"),
    ("sqrt(16)", "4"),
    ("sqrt(-1)", "null"),
    ("abs(-3)", "3"),
    ("even(4) and odd(3)", "true"),
    ('number("1.000,5", ".", ",")', "1000.5"),
    ('number("十")', "null"),
    ("2 ** -1", "0.5"),
    ("10 ** 7000", "null"),
    ("-2 ** 2", "4"),
    ("rate in percent * 2", "10"),
]
TEXTS = [
    ('substring("食品经营许可", 3, 2)', '"经营"'),
    ('substring("foobar", -2)', '"ar"'),
    ('string length("😀")', "1"),
    ('substring before("A-B", "-") + substring after("A-B", "-")', '"AB"'),
    ('upper case("ab") + lower case("AB")', '"ABab"'),
    ('replace("a1b22", "([0-9]+)", "<$1>")', '"a<1>b<22>"'),
    ('split("a;b;;c", ";")', '["a", "b", "", "c"]'),
    (r'matches("JY1440304", "^JY\d{7}$")', "true"),
    ('matches("ab", "(")', "null"),
    ('contains("粤B", "粤") and starts with("粤B", "粤") and ends with("粤B", "B")', "true"),
    ('string join(["a", null, "b"], "、")', '"a、b"'),
    ('string(1.10) + string(true) + string(@"2026-01-31")', '"1.1true2026-01-31"'),
    ('"line\\nbreak" = "line\\u000abreak"', "true"),
    ("string(null)", "null"),
]
LISTS = [
    ("count([1, null])", "2"),
    ("sum(1, 2, 3) + sum([4])", "10"),
    ("sum([])", "null"),
    ("mean([1, 2])", "1.5"),
    ("median([3, 1, 2])", "2"),
    ("stddev([2, 4, 7, 5])", "2.081665999466132735282297706979931"),
    ("mode([6, 3, 9, 6, 6])", "[6]"),
    ("product([2, 3, 4])", "24"),
    ('min("a", "b") + max(["a", "b"])', '"ab"'),
    ('max([1, "a"])', "null"),
    ("all([true, null])", "null"),
    ("any([null, true])", "true"),
    ("sublist([1, 2, 3], -2, 1)", "[2]"),
    ("append([1], 2, 3)", "[1, 2, 3]"),
    ("concatenate([1], [2])", "[1, 2]"),
    ("insert before([1, 3], 2, 2)", "[1, 2, 3]"),
    ("remove([1, 2], 1)", "[2]"),
    ("remove([1, 2], 5)", "null"),
    ("reverse([1, 2])", "[2, 1]"),
    ("index of([1, 2, 1], 1)", "[1, 3]"),
    ("union([1, 2], [2.0, 3])", "[1, 2, 3]"),
    ("distinct values([1, 1.0, [2], [2.0], null, null])", "[1, [2], null]"),
    ("duplicate values([1, 2, 1])", "[1]"),
    ("flatten([1, [2, [3]]])", "[1, 2, 3]"),
    ("sort([3, 1, 2])", "[1, 2, 3]"),
    ("sort(list: shops, precedes: function(a, b) a.area > b.area)[1].name", '"乙"'),
    ("list replace([1, 2], 2, 9)", "[1, 9]"),
    ("list replace([1, 2, 3], function(item, new) item > 1, 0)", "[1, 0, 0]"),
    ("list contains([1, null], null)", "true"),
    ("shops[area > 50].name", '["乙"]'),
    ("shops.area[2]", "80"),
    ("[1, 2, 3][item >= 2]", "[2, 3]"),
    ("[1, 2, 3][4]", "null"),
    ("5[1]", "5"),
    ("for x in [1, 2], y in [x, 10] return x * y", "[1, 10, 4, 20]"),
    ("for i in 3..1 return i", "[3, 2, 1]"),
    ("for i in 1..5 return if i < 3 then 1 else partial[-1] + partial[-2]", "[1, 1, 2, 3, 5]"),
    ("some x in [1, 2], y in [2, 3] satisfies x = y", "true"),
    ("every x in [] satisfies false", "true"),
]
CONTEXTS = [
    ('{a: 1, "b c": a + 1}', "{a: 1, b c: 2}"),
    ("{a: {b: 3}}.a.b", "3"),
    ('get value({a: {b: 3}}, ["a", "b"])', "3"),
    ("get entries({a: 1})", '[{key: "a", value: 1}]'),
    ('context put({a: {b: 1}}, ["a", "b"], 2)', "{a: {b: 2}}"),
    ("context merge([{a: 1}, {a: 2, b: 3}])", "{a: 2, b: 3}"),
    ('context([{key: "x", value: 1}])', "{x: 1}"),
    ("{f: function(x: number) x + 1, r: f(x: 2)}.r", "3"),
    ('{f: function(x: number) x, r: f("a")}.r', "null"),
    ("(function(a, b) a - b)(b: 1, a: 3)", "2"),
    ("{a: 1} = {a: 1.0}", "true"),
]
DATES = [
    ('day + duration("P1M")', '@"2026-02-28"'),
    ('@"2024-02-29" + @"P1Y"', '@"2025-02-28"'),
    ('date("2026-03-01") - day', '@"P29D"'),
    ("day.year * 100 + day.month", "202601"),
    ("day.weekday", "6"),
    ("day of week(day) + month of year(day)", '"SaturdayJanuary"'),
    ("day of year(day) + week of year(day)", "36"),
    ('years and months duration(@"2024-01-31", @"2026-01-30")', '@"P1Y11M"'),
    ('date and time("2026-01-31T23:00:00@Asia/Shanghai") = date and time("2026-01-31T15:00:00Z")', "true"),
    ('date and time("2026-01-31T23:00:00@Asia/Shanghai").time offset', '@"PT8H"'),
    ('date and time("2026-03-29T01:30:00@Europe/Paris") + @"PT1H"', '@"2026-03-29T03:30:00@Europe/Paris"'),
    ('date and time("2026-01-31T24:00:00")', '@"2026-02-01T00:00:00"'),
    ('@"23:30:00" + @"PT1H"', '@"00:30:00"'),
    ('@"10:00:00+08:00" = @"02:00:00Z"', "true"),
    ('@"P1DT2H" * 2', '@"P2DT4H"'),
    ('@"P1Y" / @"P3M"', "4"),
    ('-@"P1Y"', '@"-P1Y"'),
    ('@"P1Y" = @"P365D"', "null"),
    ('time("25:00:00")', "null"),
    ('date and time("2026-01-01T00:00:00@Mars/Base")', "null"),
    ('string(@"-2021-01-01" + @"P1M")', '"-2021-02-01"'),
    ('@"9999-12-31" + @"P1D" > @"9999-12-31"', "true"),
    ('@"10000-01-01" - @"P1D"', '@"9999-12-31"'),
    ('string(time("10:00:00.123456789"))', '"10:00:00.123456789"'),
    ('is(@"10:00:00+08:00", @"02:00:00Z")', "false"),
    ("date(2026, 2, 29)", "null"),
]
RANGES = [
    ("5 in [1..10)", "true"),
    ("10 in [1..10)", "false"),
    ('"b" in ("a", "b")', "true"),
    ("5 in (<3, >=5)", "true"),
    ("null in [1..2]", "null"),
    ("[1..10].end included", "true"),
    ("(<= 10).start", "null"),
    ("before(1, [2..3])", "true"),
    ("overlaps([1..5], [5..8])", "true"),
    ("overlaps([1..5), [5..8])", "false"),
    ("meets([1..5], [5..8])", "true"),
    ("includes([1..10], [2..3])", "true"),
    ("during(5, [1..10])", "true"),
    ("starts([1..5], [1..10]) and finishes([5..10], [1..10])", "true"),
    ("coincides([1..2], [1..2])", "true"),
    ('range("[1..3]") = [1..3]', "true"),
    ('range("[3..1]")', "null"),
    ('for d in @"2026-01-30"..@"2026-02-01" return d.day', "[30, 31, 1]"),
]
TYPES = [
    ("1 instance of number", "true"),
    ("null instance of Any", "false"),
    ("[1, 2] instance of list<number>", "true"),
    ('{a: "x"} instance of context<a: string>', "true"),
    ("[1..2] instance of range<number>", "true"),
    ("(function(x: number) x) instance of function<number> -> Any", "true"),
    ('@"P1Y" instance of years and months duration', "true"),
    ('1 = "1"', "null"),
    ("1 < null", "null"),
    ("unknown thing", "null"),
    ("if null then 1 else 2", "2"),
    ("1 + 2 /* words */ + 3 // more", "6"),
]


@pytest.mark.parametrize(
    ("text", "value"),
    [*NUMBERS, *TEXTS, *LISTS, *CONTEXTS, *DATES, *RANGES, *TYPES],
    ids=lambda one: one[:40],
)
def test_what_an_expression_comes_to(text: str, value: str) -> None:
    assert said(text) == value


def test_functions_of_other_languages_are_never_run() -> None:
    text = '{f: function(x) external {java: {class: "java.lang.Math", method signature: "abs(double)"}}, r: f(-1)}.r'
    assert said(text) == "null"


@pytest.mark.parametrize(
    "text", ["{a: 1, a: 2}", "[1, 2", "for x in", "f(1, a: 2)", "“甲”", "x instance of", "{a 1}"]
)
def test_what_is_no_feel_is_refused(text: str) -> None:
    with pytest.raises(FeelSyntaxError, match=r"字符|没有写完"):
        parse_expression(text)


def test_today_comes_from_the_one_clock() -> None:
    from qipan.kernel.ledger import clock

    with clock.at(datetime.datetime(2026, 1, 31, 16, 30, tzinfo=datetime.UTC)):
        assert said("today()") == '@"2026-02-01"'


def test_numbers_have_34_digits_whatever_the_thread_says() -> None:
    import decimal

    with decimal.localcontext() as context:
        context.prec = 5
        value: Any = evaluate(parse_expression("1234567 * 1.0000001"), {})
    assert value == Decimal("1234567.1234567")

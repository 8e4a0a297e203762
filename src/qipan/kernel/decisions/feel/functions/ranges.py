"""Intervals and points compared (DMN 10.3.4.9), and an interval read from a text."""

from typing import Any

from qipan.kernel.decisions.feel.functions.registry import builtin
from qipan.kernel.decisions.feel.values import RangeValue, compare, kind

POINT = "point:number|string|date|time|moment|days|months"
OTHER = POINT.replace("point", "point2")


def _lt(a: Any, b: Any) -> bool | None:
    return compare("<", a, b)


def _eq(a: Any, b: Any) -> bool | None:
    return compare("=", a, b)


def _both(*found: bool | None) -> bool | None:
    return None if None in found else all(found)


def _either(*found: bool | None) -> bool | None:
    return True if True in found else None if None in found else False


builtin("before", POINT.replace("point", "point1"), OTHER)(_lt)
builtin("after", POINT.replace("point", "point1"), OTHER)(lambda a, b: _lt(b, a))
builtin("coincides", POINT.replace("point", "point1"), OTHER)(_eq)


@builtin("before", POINT, "range:range")
def point_before(point: Any, span: RangeValue) -> bool | None:
    return _either(_lt(point, span.low), _both(_eq(point, span.low), not span.low_closed))


@builtin("before", "range:range", POINT)
def range_before(span: RangeValue, point: Any) -> bool | None:
    return _either(_lt(span.high, point), _both(_eq(span.high, point), not span.high_closed))


@builtin("before", "range1:range", "range2:range")
def ranges_before(one: RangeValue, other: RangeValue) -> bool | None:
    return _either(
        _lt(one.high, other.low),
        _both(_eq(one.high, other.low), not (one.high_closed and other.low_closed)),
    )


builtin("after", POINT, "range:range")(lambda point, span: range_before(span, point))
builtin("after", "range:range", POINT)(lambda span, point: point_before(point, span))
builtin("after", "range1:range", "range2:range")(lambda one, other: ranges_before(other, one))


@builtin("meets", "range1:range", "range2:range")
def meets(one: RangeValue, other: RangeValue) -> bool | None:
    return _both(one.high_closed, other.low_closed, _eq(one.high, other.low))


builtin("met by", "range1:range", "range2:range")(lambda one, other: meets(other, one))


def _starts_before_end(one: RangeValue, other: RangeValue) -> bool | None:
    return _either(
        _lt(one.low, other.high), _both(_eq(one.low, other.high), one.low_closed and other.high_closed)
    )


@builtin("overlaps", "range1:range", "range2:range")
def overlaps(one: RangeValue, other: RangeValue) -> bool | None:
    return _both(_starts_before_end(one, other), _starts_before_end(other, one))


@builtin("overlaps before", "range1:range", "range2:range")
def overlaps_before(one: RangeValue, other: RangeValue) -> bool | None:
    return _both(
        _either(
            _lt(one.low, other.low),
            _both(_eq(one.low, other.low), one.low_closed, not other.low_closed),
        ),
        _starts_before_end(other, one),
        _either(
            _lt(one.high, other.high),
            _both(_eq(one.high, other.high), not one.high_closed or other.high_closed),
        ),
    )


@builtin("overlaps after", "range1:range", "range2:range")
def overlaps_after(one: RangeValue, other: RangeValue) -> bool | None:
    return _both(
        _starts_before_end(one, other),
        _either(
            _lt(other.low, one.low),
            _both(_eq(other.low, one.low), other.low_closed, not one.low_closed),
        ),
        _either(
            _lt(other.high, one.high),
            _both(_eq(other.high, one.high), one.high_closed or not other.high_closed),
        ),
    )


@builtin("finishes", POINT, "range:range")
def point_finishes(point: Any, span: RangeValue) -> bool | None:
    return _both(span.high_closed, _eq(point, span.high))


@builtin("finishes", "range1:range", "range2:range")
def finishes(one: RangeValue, other: RangeValue) -> bool | None:
    return _both(
        one.high_closed == other.high_closed,
        _eq(one.high, other.high),
        _either(
            _lt(other.low, one.low), _both(_eq(other.low, one.low), other.low_closed or not one.low_closed)
        ),
    )


builtin("finished by", "range:range", POINT)(lambda span, point: point_finishes(point, span))
builtin("finished by", "range1:range", "range2:range")(lambda one, other: finishes(other, one))


@builtin("starts", POINT, "range:range")
def point_starts(point: Any, span: RangeValue) -> bool | None:
    return _both(span.low_closed, _eq(point, span.low))


@builtin("starts", "range1:range", "range2:range")
def starts(one: RangeValue, other: RangeValue) -> bool | None:
    return _both(
        one.low_closed == other.low_closed,
        _eq(one.low, other.low),
        _either(
            _lt(one.high, other.high),
            _both(_eq(one.high, other.high), not one.high_closed or other.high_closed),
        ),
    )


builtin("started by", "range:range", POINT)(lambda span, point: point_starts(point, span))
builtin("started by", "range1:range", "range2:range")(lambda one, other: starts(other, one))


@builtin("includes", "range:range", POINT)
def includes_point(span: RangeValue, point: Any) -> bool | None:
    return span.holds(point)


@builtin("includes", "range1:range", "range2:range")
def includes(one: RangeValue, other: RangeValue) -> bool | None:
    return _both(
        _either(
            _lt(one.low, other.low), _both(_eq(one.low, other.low), one.low_closed or not other.low_closed)
        ),
        _either(
            _lt(other.high, one.high),
            _both(_eq(other.high, one.high), one.high_closed or not other.high_closed),
        ),
    )


builtin("during", POINT, "range:range")(lambda point, span: span.holds(point))
builtin("during", "range1:range", "range2:range")(lambda one, other: includes(other, one))


@builtin("coincides", "range1:range", "range2:range")
def coincides(one: RangeValue, other: RangeValue) -> bool | None:
    return _both(
        _eq(one.low, other.low),
        _eq(one.high, other.high),
        one.low_closed == other.low_closed,
        one.high_closed == other.high_closed,
    )


@builtin("range", "from:string", evaluates=True)
def range_(evaluator: Any, text: str) -> RangeValue | None:
    """An interval between two constants of one kind, the lower one first."""
    from qipan.kernel.decisions.feel import parser, tree

    node = parser.parse_expression(text)
    if not isinstance(node, tree.Range) or not all(_constant(end) for end in (node.low, node.high)):
        return None
    found = evaluator.value(node, {})
    if not isinstance(found, RangeValue) or (found.low is None and found.high is None):
        return None
    if (node.low is None and text.strip()[0] == "[") or (node.high is None and text.strip()[-1] == "]"):
        return None
    if found.low is not None and found.high is not None:
        if kind(found.low) != kind(found.high) or compare("<=", found.low, found.high) is not True:
            return None
    elif (node.low is not None and found.low is None) or (node.high is not None and found.high is None):
        return None
    return found


def _constant(node: Any) -> bool:
    from qipan.kernel.decisions.feel import tree

    if isinstance(node, tree.Unary):
        return _constant(node.operand)
    if isinstance(node, tree.Call):
        return (
            isinstance(node.function, tree.Name)
            and node.function.name in {"@", "date", "time", "date and time", "duration"}
            and all(isinstance(one, tree.Literal) for one in node.arguments)
        )
    return node is None or isinstance(node, tree.Literal)

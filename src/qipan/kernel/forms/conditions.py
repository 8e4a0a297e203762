"""When a field is asked: conditions on other answers. The same rules stand in frontend/src/parts/condition.ts."""

from collections.abc import Mapping
from typing import Any


def is_empty(value: Any) -> bool:
    """No answer at all."""
    return value in (None, "", [], ())


def _same(left: Any, right: Any) -> bool:
    return _text(left) == _text(right)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def holds(condition: Mapping[str, Any] | None, answers: Mapping[str, Any]) -> bool:
    """Whether a condition holds for the answers; no condition always holds. Raises ValueError for an unknown operator."""
    if not condition:
        return True
    if "all" in condition:
        return all(holds(part, answers) for part in condition["all"])
    if "any" in condition:
        return any(holds(part, answers) for part in condition["any"])
    if "not" in condition:
        return not holds(condition["not"], answers)
    answer, wanted, op = answers.get(condition["field"]), condition.get("value"), condition["op"]
    if op == "eq":
        return (
            len(answer) == 1 and _same(answer[0], wanted)
            if isinstance(answer, list)
            else _same(answer, wanted)
        )
    if op == "ne":
        return not holds({**condition, "op": "eq"}, answers)
    if op == "in":
        return any(_same(one, answer) for one in wanted or [])
    if op == "contains":
        return (
            any(_same(one, wanted) for one in answer)
            if isinstance(answer, list)
            else _text(wanted) in _text(answer)
        )
    if op == "filled":
        return not is_empty(answer)
    if op == "empty":
        return is_empty(answer)
    if op in {"gt", "ge", "lt", "le"}:
        try:
            left, right = float(answer), float(wanted)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return False
        return {"gt": left > right, "ge": left >= right, "lt": left < right, "le": left <= right}[op]
    raise ValueError(f"unknown operator {op}")

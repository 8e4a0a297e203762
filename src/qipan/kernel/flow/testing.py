"""For the tests of domains: every guard of a flow must have refused something at least once.

In a domain's tests/conftest.py:

    from qipan.kernel.flow import testing
    testing.record()
    pytest_collection_modifyitems = testing.check_last

and one test, which runs after all others:

    def test_every_guard_was_refused() -> None:
        assert testing.never_refused(FLOW) == []
"""

from __future__ import annotations

from typing import Any

from qipan.kernel.flow import engine
from qipan.kernel.flow.declaration import Flow, Guard, Transition

guard_refusals: set[tuple[str, str, str]] = set()
"""Flow code, transition code and name of each guard that refused in this run."""

LAST = "test_every_guard_was_refused"


def guard_name(guard: Guard) -> str:
    """What a guard is called: its module and name."""
    name = getattr(guard, "name", None) or getattr(guard, "__qualname__", None) or type(guard).__name__
    return f"{getattr(guard, '__module__', '')}.{name}"


def _observe(flow: Flow, transition: Transition, guard: Guard, refused: bool) -> None:
    if refused:
        guard_refusals.add((flow.code, transition.code, guard_name(guard)))


def record() -> None:
    """Begin to collect; again changes nothing."""
    if _observe not in engine.guard_observers:
        engine.guard_observers.append(_observe)


def never_refused(flow: Flow) -> list[str]:
    """The guards of a flow that refused nothing in this run, as `guard` (a guard counts once, wherever it stands)."""
    refused = {guard for code, _transition, guard in guard_refusals if code == flow.code}
    named = {guard_name(guard) for transition in flow.transitions for guard in transition.guards}
    return sorted(named - refused)


def check_last(items: list[Any]) -> None:
    """Let the tests that look at what was collected run after all others (a pytest hook)."""
    items.sort(key=lambda item: item.name == LAST)

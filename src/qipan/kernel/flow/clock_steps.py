"""What a transition does to the statutory clocks of its case: each names the rule of law by its code."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qipan.kernel.flow.context import Context


@dataclass(frozen=True)
class ClockStep:
    """One thing done to the clock of one rule."""

    rule: str


@dataclass(frozen=True)
class Start(ClockStep):
    """The term begins: now, or at the moment or day that `since` gives. A clock that runs already stays.

    `until` gives the last day where the law lets an officer set it (责令限期改正); without one the rule's own term
    counts.
    """

    since: Callable[[Context], datetime.datetime | datetime.date] | None = None
    until: Callable[[Context], datetime.date | None] | None = None


@dataclass(frozen=True)
class Stop(ClockStep):
    """The term stands still from today (中止计算), for the cause given (testing, hearing, correction …)."""

    cause: str = ""


@dataclass(frozen=True)
class Resume(ClockStep):
    """The term goes on."""


@dataclass(frozen=True)
class Extend(ClockStep):
    """The term is extended once more as its rule allows; refused when the rule allows no further extension."""


@dataclass(frozen=True)
class End(ClockStep):
    """What the term was set for is done."""

"""The nodes of a FEEL expression."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qipan.kernel.decisions.feel.types import Type


@dataclass(frozen=True)
class Literal:
    """A number, text, boolean, date or null."""

    value: object


@dataclass(frozen=True)
class Name:
    """A variable, or a built-in function."""

    name: str


@dataclass(frozen=True)
class Path:
    """An entry of a context, or a part of a date, duration or interval."""

    base: "Node"
    name: str


@dataclass(frozen=True)
class Unary:
    """A sign."""

    operand: "Node"


@dataclass(frozen=True)
class Binary:
    """Arithmetic, comparison, conjunction or disjunction."""

    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class Range:
    """An interval; an end is None where it is unbounded."""

    low: "Node | None"
    high: "Node | None"
    low_closed: bool
    high_closed: bool
    form: str = ""


@dataclass(frozen=True)
class ListOf:
    """A list."""

    items: tuple["Node", ...]


@dataclass(frozen=True)
class Context:
    """A context."""

    entries: tuple[tuple[str, "Node"], ...]


@dataclass(frozen=True)
class If:
    """if … then … else …"""

    condition: "Node"
    then: "Node"
    other: "Node"


@dataclass(frozen=True)
class In:
    """A value against tests."""

    value: "Node"
    tests: "UnaryTests"


@dataclass(frozen=True)
class Between:
    """between … and …"""

    value: "Node"
    low: "Node"
    high: "Node"


@dataclass(frozen=True)
class InstanceOf:
    """… instance of …"""

    value: "Node"
    type: "Type | None"


@dataclass(frozen=True)
class Call:
    """A function with positional or named arguments."""

    function: "Node"
    arguments: tuple["Node", ...]
    named: tuple[tuple[str, "Node"], ...] = ()


@dataclass(frozen=True)
class Function:
    """function(…) …; `body` is None for one that is defined outside (external), which we never run."""

    parameters: tuple[tuple[str, "Type | None"], ...]
    body: "Node | None"


@dataclass(frozen=True)
class Iteration:
    """for … return, some/every … satisfies; `partial` where the body looks at the results so far."""

    kind: str
    variables: tuple[tuple[str, "Node"], ...]
    body: "Node"
    partial: bool = False


@dataclass(frozen=True)
class Steps:
    """What a loop runs over: from … to, both included, up or down."""

    first: "Node"
    last: "Node"


@dataclass(frozen=True)
class Filter:
    """A list narrowed by a condition or an index."""

    base: "Node"
    condition: "Node"


@dataclass(frozen=True)
class Comparison:
    """A unary test such as `< 10`."""

    operator: str
    operand: "Node"


@dataclass(frozen=True)
class UnaryTests:
    """Alternatives; `tests` empty is the dash that matches everything. `negated` is not(…)."""

    tests: tuple["Node", ...] = ()
    negated: bool = False


Node = (
    Literal
    | Name
    | Path
    | Unary
    | Binary
    | Range
    | ListOf
    | Context
    | If
    | In
    | Between
    | InstanceOf
    | Call
    | Function
    | Iteration
    | Steps
    | Filter
    | Comparison
    | UnaryTests
)

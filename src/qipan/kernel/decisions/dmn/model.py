"""What a DMN file says, as data: requirement graph, types and boxed expressions; nothing is parsed or run here."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class LiteralExpression:
    """A FEEL text."""

    text: str
    type: str = ""
    language: str = ""


@dataclass(frozen=True)
class InputClause:
    """A condition column; `values` are the unary tests of its domain."""

    expression: str
    label: str = ""
    type: str = ""
    values: str = ""
    name: str = ""


@dataclass(frozen=True)
class OutputClause:
    """A conclusion column; `values` in the order of priority."""

    name: str = ""
    label: str = ""
    type: str = ""
    values: str = ""
    default: str | None = None


@dataclass(frozen=True)
class RuleRow:
    """One row; `annotations` as many as the table has annotation columns."""

    when: tuple[str, ...]
    then: tuple[str, ...]
    annotations: tuple[str, ...] = ()


@dataclass(frozen=True)
class DecisionTable:
    """A decision table; the hit policy in one letter, with the sign of its aggregation."""

    hit_policy: str
    inputs: tuple[InputClause, ...]
    outputs: tuple[OutputClause, ...]
    rules: tuple[RuleRow, ...]
    annotations: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True)
class ContextEntry:
    """One entry; without a name it is the result of the whole context."""

    name: str | None
    type: str
    box: "Box"


@dataclass(frozen=True)
class ContextBox:
    """A boxed context."""

    entries: tuple[ContextEntry, ...]


@dataclass(frozen=True)
class Invocation:
    """A boxed invocation with its bindings by parameter name."""

    function: "Box"
    bindings: tuple[tuple[str, "Box"], ...]


@dataclass(frozen=True)
class ListBox:
    """A boxed list."""

    items: tuple["Box", ...]


@dataclass(frozen=True)
class Relation:
    """A table of plain rows: a list of contexts."""

    columns: tuple[str, ...]
    rows: tuple[tuple["Box", ...], ...]


@dataclass(frozen=True)
class Parameter:
    """A formal parameter."""

    name: str
    type: str = ""


@dataclass(frozen=True)
class FunctionDefinition:
    """A boxed function; kinds other than FEEL (Java, PMML) are read but never run."""

    parameters: tuple[Parameter, ...]
    box: "Box | None"
    kind: str = "FEEL"


@dataclass(frozen=True)
class Conditional:
    """A boxed if."""

    condition: "Box"
    then: "Box"
    other: "Box"


@dataclass(frozen=True)
class FilterBox:
    """A boxed filter."""

    source: "Box"
    match: "Box"


@dataclass(frozen=True)
class IterationBox:
    """A boxed for, some or every."""

    kind: str
    variable: str
    source: "Box"
    body: "Box"


Box = (
    LiteralExpression
    | DecisionTable
    | ContextBox
    | Invocation
    | ListBox
    | Relation
    | FunctionDefinition
    | Conditional
    | FilterBox
    | IterationBox
)


@dataclass(frozen=True)
class ItemDefinition:
    """A type: `allowed` narrows its values (each item of a collection), `constraint` the whole value."""

    name: str
    type: str = ""
    collection: bool = False
    allowed: str = ""
    constraint: str = ""
    components: tuple["ItemDefinition", ...] = ()
    function: tuple[tuple[Parameter, ...], str] | None = None


@dataclass(frozen=True)
class InputData:
    """Something that is given."""

    id: str
    name: str
    type: str = ""


@dataclass(frozen=True)
class Decision:
    """Something that is decided, what it needs, and how."""

    id: str
    name: str
    type: str = ""
    box: "Box | None" = None
    requires: tuple[str, ...] = ()
    knows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Knowledge:
    """A business knowledge model: a function that decisions share."""

    id: str
    name: str
    type: str = ""
    logic: FunctionDefinition | None = None
    knows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Service:
    """A decision service: decisions offered as a function of inputs and of other decisions."""

    id: str
    name: str
    type: str = ""
    outputs: tuple[str, ...] = ()
    encapsulated: tuple[str, ...] = ()
    input_decisions: tuple[str, ...] = ()
    input_data: tuple[str, ...] = ()


@dataclass(frozen=True)
class Import:
    """Another model, seen under a name."""

    name: str
    namespace: str


@dataclass(frozen=True)
class Definitions:
    """A whole file. References between elements are ids; those into imported models are `namespace#id`."""

    name: str
    namespace: str
    id: str = ""
    imports: tuple[Import, ...] = ()
    items: tuple[ItemDefinition, ...] = ()
    inputs: tuple[InputData, ...] = ()
    decisions: tuple[Decision, ...] = ()
    knowledge: tuple[Knowledge, ...] = ()
    services: tuple[Service, ...] = ()
    names: frozenset[str] = field(default=frozenset(), compare=False)

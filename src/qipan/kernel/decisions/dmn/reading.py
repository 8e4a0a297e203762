"""From DMN XML to the model."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from django.utils.translation import gettext as _

from qipan.kernel.decisions.dmn import model
from qipan.kernel.decisions.dmn.document import OURS, DmnError, child, children, local, opened, text_of

POLICIES = {
    "UNIQUE": "U",
    "ANY": "A",
    "PRIORITY": "P",
    "FIRST": "F",
    "RULE ORDER": "R",
    "OUTPUT ORDER": "O",
    "COLLECT": "C",
}
AGGREGATIONS = {"": "", "SUM": "+", "MIN": "<", "MAX": ">", "COUNT": "#"}


def read(content: bytes) -> model.Definitions:
    """A DMN file of any version from 1.1. Raises DmnError."""
    root = opened(content)
    found: dict[str, list[Element]] = {}
    for one in root:
        found.setdefault(local(one), []).append(one)
    return model.Definitions(
        name=root.get("name", ""),
        namespace=root.get("namespace", ""),
        id=root.get("id", ""),
        imports=tuple(
            model.Import(one.get("name", ""), one.get("namespace", "")) for one in found.get("import", [])
        ),
        items=tuple(_item(one) for one in found.get("itemDefinition", [])),
        inputs=tuple(
            model.InputData(one.get("id", ""), one.get("name", ""), _type(one))
            for one in found.get("inputData", [])
        ),
        decisions=tuple(_decision(one) for one in found.get("decision", [])),
        knowledge=tuple(_knowledge(one) for one in found.get("businessKnowledgeModel", [])),
        services=tuple(_service(one) for one in found.get("decisionService", [])),
        names=frozenset(
            name
            for one in root.iter()
            if (name := one.get("name") or (one.text if local(one) == "column" else ""))
        ),
    )


def plain_type(name: str | None) -> str:
    """A type reference without the prefix that older files give (feel:number)."""
    return (name or "").strip().removeprefix("feel:")


def _type(element: Element) -> str:
    variable = child(element, "variable")
    return plain_type((variable if variable is not None else element).get("typeRef")) or _typed(element)


def _typed(element: Element) -> str:
    """DMN 1.1 may have the type as an element."""
    inner = child(element, "typeRef")
    return plain_type(inner.text) if inner is not None else ""


def _item(element: Element) -> model.ItemDefinition:
    function = child(element, "functionItem")
    return model.ItemDefinition(
        name=element.get("name", ""),
        type=_typed(element) or plain_type(element.get("typeRef")),
        collection=element.get("isCollection") == "true",
        allowed=text_of(child(element, "allowedValues")),
        constraint=text_of(child(element, "typeConstraint")),
        components=tuple(_item(one) for one in children(element, "itemComponent")),
        function=(
            (
                tuple(_parameter(one) for one in children(function, "parameters")),
                plain_type(function.get("outputTypeRef")),
            )
            if function is not None
            else None
        ),
    )


def _parameter(element: Element) -> model.Parameter:
    return model.Parameter(element.get("name", ""), _type(element))


def _references(element: Element, requirement: str, *targets: str) -> tuple[str, ...]:
    return tuple(
        _href(target) for one in children(element, requirement) for target in one if local(target) in targets
    )


def _href(element: Element) -> str:
    reference = element.get("href", "")
    return reference[1:] if reference.startswith("#") else reference


def _decision(element: Element) -> model.Decision:
    return model.Decision(
        id=element.get("id", ""),
        name=element.get("name", ""),
        type=_type(element),
        box=_only(element),
        requires=_references(element, "informationRequirement", "requiredInput", "requiredDecision"),
        knows=_references(element, "knowledgeRequirement", "requiredKnowledge"),
    )


def _knowledge(element: Element) -> model.Knowledge:
    logic = child(element, "encapsulatedLogic")
    return model.Knowledge(
        id=element.get("id", ""),
        name=element.get("name", ""),
        type=_type(element),
        logic=_function(logic) if logic is not None else None,
        knows=_references(element, "knowledgeRequirement", "requiredKnowledge"),
    )


def _service(element: Element) -> model.Service:
    def hrefs(name: str) -> tuple[str, ...]:
        return tuple(_href(one) for one in children(element, name))

    return model.Service(
        id=element.get("id", ""),
        name=element.get("name", ""),
        type=_type(element),
        outputs=hrefs("outputDecision"),
        encapsulated=hrefs("encapsulatedDecision"),
        input_decisions=hrefs("inputDecision"),
        input_data=hrefs("inputData"),
    )


def _only(element: Element) -> model.Box | None:
    """The one boxed expression inside an element."""
    for one in element:
        if local(one) in BOXES:
            return BOXES[local(one)](one)
    return None


def _inner(element: Element, name: str = "") -> model.Box:
    """The boxed expression inside an element, or inside its named child."""
    at = child(element, name) if name else element
    box = _only(at) if at is not None else None
    if box is None:
        raise DmnError(
            _("元素 %(element)s（%(id)s）里缺少表达式。")
            % {"element": local(element), "id": element.get("id") or element.get("name") or "?"}
        )
    return box


def _literal(element: Element) -> model.Box:
    return model.LiteralExpression(
        text_of(element), plain_type(element.get("typeRef")), element.get("expressionLanguage", "")
    )


def _context(element: Element) -> model.Box:
    entries = []
    for one in children(element, "contextEntry"):
        variable = child(one, "variable")
        name = variable.get("name", "") if variable is not None else None
        of = plain_type(variable.get("typeRef")) if variable is not None else ""
        entries.append(model.ContextEntry(name, of, _inner(one)))
    return model.ContextBox(tuple(entries))


def _invocation(element: Element) -> model.Box:
    bindings = []
    for one in children(element, "binding"):
        parameter = child(one, "parameter")
        box = _only(one)
        if parameter is not None and box is not None:
            bindings.append((parameter.get("name", ""), box))
    return model.Invocation(_inner(element), tuple(bindings))


def _list(element: Element) -> model.Box:
    return model.ListBox(tuple(BOXES[local(one)](one) for one in element if local(one) in BOXES))


def _relation(element: Element) -> model.Box:
    return model.Relation(
        tuple(one.get("name", "") for one in children(element, "column")),
        tuple(
            tuple(BOXES[local(cell)](cell) for cell in row if local(cell) in BOXES)
            for row in children(element, "row")
        ),
    )


def _function(element: Element) -> model.FunctionDefinition:
    return model.FunctionDefinition(
        tuple(_parameter(one) for one in children(element, "formalParameter")),
        _only(element),
        element.get("kind", "FEEL"),
    )


def _conditional(element: Element) -> model.Box:
    return model.Conditional(_inner(element, "if"), _inner(element, "then"), _inner(element, "else"))


def _filter(element: Element) -> model.Box:
    return model.FilterBox(_inner(element, "in"), _inner(element, "match"))


def _iteration(element: Element) -> model.Box:
    kind = local(element)
    body = "return" if kind == "for" else "satisfies"
    return model.IterationBox(
        kind, element.get("iteratorVariable", ""), _inner(element, "in"), _inner(element, body)
    )


def _table(element: Element) -> model.Box:
    policy = element.get("hitPolicy", "UNIQUE")
    aggregation = element.get("aggregation", "")
    if policy not in POLICIES or aggregation not in AGGREGATIONS:
        raise DmnError(
            _("决策表 %(id)s 的命中策略“%(policy)s”不能识别；可以是 %(known)s。")
            % {
                "id": element.get("id", "?"),
                "policy": f"{policy} {aggregation}".strip(),
                "known": "、".join(POLICIES),
            }
        )
    return model.DecisionTable(
        hit_policy=POLICIES[policy] + (AGGREGATIONS[aggregation] if policy == "COLLECT" else ""),
        inputs=tuple(_input(one) for one in children(element, "input")),
        outputs=tuple(_output(one) for one in children(element, "output")),
        rules=tuple(
            model.RuleRow(
                tuple(text_of(cell) for cell in children(one, "inputEntry")),
                tuple(text_of(cell) for cell in children(one, "outputEntry")),
                tuple(text_of(cell) for cell in children(one, "annotationEntry"))
                or tuple((said.text or "") for said in children(one, "description")),
            )
            for one in children(element, "rule")
        ),
        annotations=tuple(one.get("name", "") for one in children(element, "annotation")),
        label=element.get("outputLabel", ""),
    )


def _input(element: Element) -> model.InputClause:
    expression = child(element, "inputExpression")
    return model.InputClause(
        expression=text_of(expression),
        label=element.get("label", ""),
        type=plain_type(expression.get("typeRef")) if expression is not None else "",
        values=text_of(child(element, "inputValues")),
        name=element.get(f"{{{OURS}}}name", ""),
    )


def _output(element: Element) -> model.OutputClause:
    default = child(element, "defaultOutputEntry")
    return model.OutputClause(
        name=element.get("name", ""),
        label=element.get("label", ""),
        type=plain_type(element.get("typeRef")),
        values=text_of(child(element, "outputValues")),
        default=text_of(default) if default is not None else None,
    )


BOXES: dict[str, Callable[[Element], model.Box]] = {
    "literalExpression": _literal,
    "decisionTable": _table,
    "context": _context,
    "invocation": _invocation,
    "list": _list,
    "relation": _relation,
    "functionDefinition": _function,
    "conditional": _conditional,
    "filter": _filter,
    "for": _iteration,
    "some": _iteration,
    "every": _iteration,
}

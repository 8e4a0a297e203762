"""From the model to DMN XML: 1.3, which most modellers read; 1.5 where a model uses what only that one has."""

import dataclasses
import re
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from qipan.kernel.decisions.dmn import model
from qipan.kernel.decisions.dmn.document import OURS, WRITTEN, WRITTEN_NEWER
from qipan.kernel.decisions.dmn.reading import AGGREGATIONS, POLICIES

POLICY_NAMES = {letter: name for name, letter in POLICIES.items()}
AGGREGATION_NAMES = {sign: name for name, sign in AGGREGATIONS.items() if sign}
#: What XML 1.0 cannot carry.
UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
NEWER = (model.Conditional, model.FilterBox, model.IterationBox)


def write(definitions: model.Definitions) -> bytes:
    """A whole file, UTF-8. Raises ValueError for a text that XML cannot carry."""
    space = WRITTEN_NEWER if _newer(definitions) else WRITTEN
    root = Element("definitions", {"xmlns": space, "xmlns:qipan": OURS})
    _attributes(root, id=definitions.id, name=definitions.name, namespace=definitions.namespace)
    for imported in definitions.imports:
        _attributes(
            _under(root, "import"), name=imported.name, namespace=imported.namespace, importType=space
        )
    for item in definitions.items:
        _item(_under(root, "itemDefinition"), item)
    for given in definitions.inputs:
        _variable(_named(root, "inputData", given), given)
    for knowledge in definitions.knowledge:
        at = _named(root, "businessKnowledgeModel", knowledge)
        _variable(at, knowledge)
        if knowledge.logic is not None:
            _function(_under(at, "encapsulatedLogic"), knowledge.logic)
        _requirements(at, definitions, (), knowledge.knows)
    for decision in definitions.decisions:
        at = _named(root, "decision", decision)
        _variable(at, decision)
        _requirements(at, definitions, decision.requires, decision.knows)
        if decision.box is not None:
            _box(at, decision.box)
    for service in definitions.services:
        at = _named(root, "decisionService", service)
        _variable(at, service)
        for name, references in (
            ("outputDecision", service.outputs),
            ("encapsulatedDecision", service.encapsulated),
            ("inputDecision", service.input_decisions),
            ("inputData", service.input_data),
        ):
            for reference in references:
                _under(at, name).set("href", _href(reference))
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _newer(part: Any) -> bool:
    """Whether anything in a model is newer than DMN 1.3."""
    if isinstance(part, tuple):
        return any(_newer(one) for one in part)
    if isinstance(part, NEWER) or (isinstance(part, model.ItemDefinition) and part.constraint):
        return True
    return dataclasses.is_dataclass(part) and any(
        _newer(getattr(part, one.name)) for one in dataclasses.fields(part)
    )


def _under(element: Element, name: str) -> Element:
    return SubElement(element, name)


def _attributes(element: Element, **values: str) -> Element:
    for name, value in values.items():
        if value:
            element.set(name, _sound(value))
    return element


def _sound(text: str) -> str:
    if UNWRITABLE.search(text):
        raise ValueError(f"XML cannot carry {text!r}")
    return text


def _text(element: Element, name: str, text: str) -> Element:
    made = _under(element, name)
    _under(made, "text").text = _sound(text)
    return made


def _named(root: Element, name: str, one: Any) -> Element:
    return _attributes(_under(root, name), id=one.id, name=one.name)


def _variable(element: Element, one: Any) -> None:
    _attributes(_under(element, "variable"), name=one.name, typeRef=one.type)


def _href(reference: str) -> str:
    return reference if "#" in reference else f"#{reference}"


def _requirements(
    element: Element, definitions: model.Definitions, requires: tuple[str, ...], knows: tuple[str, ...]
) -> None:
    given = {one.id for one in definitions.inputs}
    for reference in requires:
        kind = "requiredInput" if reference in given else "requiredDecision"
        _under(_under(element, "informationRequirement"), kind).set("href", _href(reference))
    for reference in knows:
        _under(_under(element, "knowledgeRequirement"), "requiredKnowledge").set("href", _href(reference))


def _item(element: Element, item: model.ItemDefinition) -> None:
    _attributes(element, name=item.name)
    if item.collection:
        element.set("isCollection", "true")
    if item.type:
        _under(element, "typeRef").text = _sound(item.type)
    if item.allowed:
        _text(element, "allowedValues", item.allowed)
    if item.constraint:
        _text(element, "typeConstraint", item.constraint)
    for one in item.components:
        _item(_under(element, "itemComponent"), one)
    if item.function is not None:
        parameters, result = item.function
        at = _attributes(_under(element, "functionItem"), outputTypeRef=result)
        for parameter in parameters:
            _attributes(_under(at, "parameters"), name=parameter.name, typeRef=parameter.type)


def _box(element: Element, box: model.Box) -> None:
    name, how = BOXES[type(box)]
    how(_under(element, name or str(getattr(box, "kind", ""))), box)


def _literal(element: Element, box: model.LiteralExpression) -> None:
    _attributes(element, typeRef=box.type, expressionLanguage=box.language)
    _under(element, "text").text = _sound(box.text)


def _context(element: Element, box: model.ContextBox) -> None:
    for one in box.entries:
        at = _under(element, "contextEntry")
        if one.name is not None:
            _attributes(_under(at, "variable"), name=one.name, typeRef=one.type)
        _box(at, one.box)


def _invocation(element: Element, box: model.Invocation) -> None:
    _box(element, box.function)
    for name, one in box.bindings:
        at = _under(element, "binding")
        _attributes(_under(at, "parameter"), name=name)
        _box(at, one)


def _list(element: Element, box: model.ListBox) -> None:
    for one in box.items:
        _box(element, one)


def _relation(element: Element, box: model.Relation) -> None:
    for name in box.columns:
        _attributes(_under(element, "column"), name=name)
    for row in box.rows:
        at = _under(element, "row")
        for cell in row:
            _box(at, cell)


def _function(element: Element, box: model.FunctionDefinition) -> None:
    if box.kind != "FEEL":
        element.set("kind", box.kind)
    for one in box.parameters:
        _attributes(_under(element, "formalParameter"), name=one.name, typeRef=one.type)
    if box.box is not None:
        _box(element, box.box)


def _conditional(element: Element, box: model.Conditional) -> None:
    for name, one in (("if", box.condition), ("then", box.then), ("else", box.other)):
        _box(_under(element, name), one)


def _filter(element: Element, box: model.FilterBox) -> None:
    _box(_under(element, "in"), box.source)
    _box(_under(element, "match"), box.match)


def _iteration(element: Element, box: model.IterationBox) -> None:
    element.set("iteratorVariable", _sound(box.variable))
    _box(_under(element, "in"), box.source)
    _box(_under(element, "return" if box.kind == "for" else "satisfies"), box.body)


def _table(element: Element, box: model.DecisionTable) -> None:
    _attributes(
        element,
        hitPolicy=POLICY_NAMES[box.hit_policy[0]],
        aggregation=AGGREGATION_NAMES.get(box.hit_policy[1:], ""),
        outputLabel=box.label,
    )
    for given in box.inputs:
        at = _attributes(_under(element, "input"), label=given.label)
        if given.name:
            at.set("qipan:name", _sound(given.name))
        _attributes(_text(at, "inputExpression", given.expression), typeRef=given.type)
        if given.values:
            _text(at, "inputValues", given.values)
    for output in box.outputs:
        at = _attributes(_under(element, "output"), name=output.name, label=output.label, typeRef=output.type)
        if output.values:
            _text(at, "outputValues", output.values)
        if output.default is not None:
            _text(at, "defaultOutputEntry", output.default)
    for name in box.annotations:
        _under(element, "annotation").set("name", _sound(name))
    for rule in box.rules:
        at = _under(element, "rule")
        for kind, cells in (
            ("inputEntry", rule.when),
            ("outputEntry", rule.then),
            ("annotationEntry", rule.annotations),
        ):
            for cell in cells:
                _text(at, kind, cell)


#: How each kind of box is written; the boxes without a name carry their own.
BOXES: dict[type, tuple[str, Callable[[Element, Any], None]]] = {
    model.LiteralExpression: ("literalExpression", _literal),
    model.DecisionTable: ("decisionTable", _table),
    model.ContextBox: ("context", _context),
    model.Invocation: ("invocation", _invocation),
    model.ListBox: ("list", _list),
    model.Relation: ("relation", _relation),
    model.FunctionDefinition: ("functionDefinition", _function),
    model.Conditional: ("conditional", _conditional),
    model.FilterBox: ("filter", _filter),
    model.IterationBox: ("", _iteration),
}

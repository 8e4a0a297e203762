"""Running a decision requirement graph: what a decision needs is decided first, each once."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.decisions.dmn import model
from qipan.kernel.decisions.dmn.boxes import Boxes, Run, Scope
from qipan.kernel.decisions.dmn.document import DmnError
from qipan.kernel.decisions.dmn.itemtypes import ItemTypes
from qipan.kernel.decisions.feel import Evaluator, types
from qipan.kernel.decisions.feel.values import FunctionValue, tidy

DEEPEST = 100
Key = tuple[int, str, str]


class Graph:
    """A model ready to decide. `others` gives the models that it imports, by namespace. Raises DmnError."""

    def __init__(
        self, definitions: model.Definitions, others: Callable[[str], "Graph | None"] = lambda namespace: None
    ) -> None:
        self.definitions = definitions
        self.imports: dict[str, Graph] = {}
        self.names: frozenset[str]
        self.types: ItemTypes
        for one in definitions.imports:
            found = others(one.namespace)
            if found is not None:
                self.imports[one.name] = found
        names = set(definitions.names)
        for graph in self.imports.values():
            names |= graph.names
        self.names = frozenset(names)
        self.types = ItemTypes(
            definitions, {name: graph.types for name, graph in self.imports.items()}, self.names
        )
        self.boxes = Boxes(self.types, self.names)
        self.named: tuple[Any, ...] = (
            *definitions.decisions,
            *definitions.knowledge,
            *definitions.services,
            *definitions.inputs,
        )
        self.elements: dict[str, Any] = {one.id: one for one in self.named}
        self.compiled: dict[tuple[str, str], Run] = {}

    def find(self, name: str, *kinds: type) -> Any:
        """The element of that name. Raises LookupError."""
        for one in self.named:
            if one.name == name and isinstance(one, kinds or object):
                return one
        raise LookupError(name)

    def target(self, reference: str) -> "tuple[Graph, str, Any] | None":
        """The graph, the name of its import (or nothing) and the element behind a reference."""
        if reference in self.elements:
            return self, "", self.elements[reference]
        namespace, _hash, inner = reference.rpartition("#")
        if inner in self.elements and namespace in {"", self.definitions.namespace}:
            return self, "", self.elements[inner]
        for name, graph in self.imports.items():
            if inner in graph.elements and graph.definitions.namespace == namespace:
                return graph, name, graph.elements[inner]
        for name, graph in self.imports.items():
            found = graph.target(reference)
            if found:
                return found[0], f"{name}.{found[1]}" if found[1] else name, found[2]
        return None

    def decide(self, name: str, facts: Mapping[str, Any]) -> Any:
        """What the decision of that name comes to for the facts. Raises LookupError, DmnError, ValueError."""
        return Round(facts).decision(self, self.find(name, model.Decision))

    def invoke(self, name: str, facts: Mapping[str, Any]) -> Any:
        """What the knowledge model or service of that name comes to, its parameters taken from the facts by name."""
        element = self.find(name, model.Knowledge, model.Service)
        round_ = Round(facts)
        function = round_.function(self, element)
        return round_.evaluator.call(
            function, [round_.facts.get(name) for name, _type in function.parameters]
        )

    def run_of(self, element: model.Decision) -> Run:
        """The decision's logic, made ready once. Raises DmnError."""
        key = (element.id, element.name)
        if key not in self.compiled:
            try:
                self.compiled[key] = self.boxes.ready(element.box)
            except ValueError as error:
                raise DmnError(
                    _("决策“%(name)s”有误：%(error)s") % {"name": element.name, "error": error}
                ) from error
        return self.compiled[key]


class Round:
    """One round of deciding, with one budget for all that belongs to it."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.facts: dict[str, Any] = tidy(dict(facts))
        self.evaluator = Evaluator()
        self.known: dict[Key, Any] = {}
        self.open: list[Key] = []
        self.errors: list[str] = []

    def decision(self, graph: Graph, element: model.Decision) -> Any:
        """The value of a decision. A requirement that fails is null, and noted."""
        key = (id(graph), element.id, element.name)
        if key in self.known:
            return self.known[key]
        if key in self.open or len(self.open) > DEEPEST:
            raise DmnError(_("决策“%(name)s”依赖它自己。") % {"name": element.name})
        self.open.append(key)
        try:
            scope = self.scope(graph, element.requires, element.knows)
            value = types.fitted(graph.run_of(element)(self.evaluator, scope), graph.types.of(element.type))
        finally:
            self.open.pop()
        self.known[key] = value
        return value

    def scope(self, graph: Graph, requires: tuple[str, ...], knows: tuple[str, ...]) -> Scope:
        """What an element sees: what it requires, under its name, or under the name of the import."""
        scope: Scope = {}
        for reference in (*requires, *knows):
            target = graph.target(reference)
            if target is None:
                continue
            owner, prefix, element = target
            value = self.value(owner, element)
            place = scope
            for part in prefix.split(".") if prefix else ():
                place = place.setdefault(part, {})
            place[element.name] = value
        return scope

    def value(self, graph: Graph, element: Any) -> Any:
        """What a requirement comes to."""
        if isinstance(element, model.InputData):
            return types.fitted(self.facts.get(element.name), graph.types.of(element.type))
        if isinstance(element, model.Decision):
            try:
                return self.decision(graph, element)
            except DmnError as error:
                self.errors.append(str(error))
                return None
        return self.function(graph, element)

    def function(self, graph: Graph, element: Any) -> FunctionValue:
        """A knowledge model or service as a function."""
        if isinstance(element, model.Service):
            return self._service(graph, element)
        logic = element.logic or model.FunctionDefinition((), None)
        scope: Scope = {}
        made = graph.boxes.function(element.name, logic)(scope)
        result = graph.types.of(element.type)
        if isinstance(result, types.FunctionType):
            result = result.result
        function = FunctionValue(element.name, made.parameters, made.run, result)
        scope[element.name] = function  # it may call itself
        key = (id(graph), element.id, element.name)
        if key not in self.open:
            self.open.append(key)
            scope.update(self.scope(graph, (), element.knows))
            self.open.pop()
        return function

    def _service(self, graph: Graph, element: model.Service) -> FunctionValue:
        given = [
            target for one in (*element.input_data, *element.input_decisions) if (target := graph.target(one))
        ]
        outputs = [target for one in element.outputs if (target := graph.target(one))]
        parameters = tuple((one.name, owner.types.of(one.type)) for owner, _prefix, one in given)

        def run(evaluator: Evaluator, arguments: list[Any]) -> Any:
            inner = Round({})
            inner.evaluator = evaluator
            inner.open = list(self.open)
            for (owner, _prefix, one), value in zip(given, arguments, strict=True):
                if isinstance(one, model.InputData):
                    inner.facts[one.name] = value
                else:
                    inner.known[(id(owner), one.id, one.name)] = value
            results = {one.name: inner.decision(owner, one) for owner, _prefix, one in outputs}
            return next(iter(results.values())) if len(results) == 1 else results

        result = graph.types.of(element.type)
        if isinstance(result, types.FunctionType):
            result = result.result
        return FunctionValue(element.name, parameters, run, result)

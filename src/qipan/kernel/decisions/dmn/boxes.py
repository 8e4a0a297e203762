"""Boxed expressions made ready to run: each becomes a function of the evaluator and the scope."""

from collections.abc import Callable
from typing import Any

from qipan.kernel.decisions.dmn import model
from qipan.kernel.decisions.dmn.itemtypes import ItemTypes
from qipan.kernel.decisions.feel import Evaluator, parse_expression, types
from qipan.kernel.decisions.feel.repeating import spread
from qipan.kernel.decisions.feel.values import FunctionValue, RangeValue
from qipan.kernel.decisions.tables import Compiled, HitPolicyBroken, Input, Output, Rule, Table

Scope = dict[str, Any]
Run = Callable[[Evaluator, Scope], Any]


class Boxes:
    """Makes boxed expressions of one model ready. Raises ValueError where a text is no FEEL."""

    def __init__(self, types_: ItemTypes, names: frozenset[str]) -> None:
        self.types = types_
        self.names = names

    def ready(self, box: model.Box | None) -> Run:
        """The function that a boxed expression is."""
        if box is None:
            return lambda evaluator, scope: None
        run: Run = getattr(self, f"_{type(box).__name__.lower()}")(box)
        return run

    def _literalexpression(self, box: model.LiteralExpression) -> Run:
        if not box.text.strip():
            return lambda evaluator, scope: None
        node = parse_expression(box.text, self.names, self.types.of)
        of = self.types.of(box.type)

        def run(evaluator: Evaluator, scope: Scope) -> Any:
            return types.fitted(evaluator.value(node, scope), of)

        return run

    def _contextbox(self, box: model.ContextBox) -> Run:
        entries = [(one.name, self.types.of(one.type), self.ready(one.box)) for one in box.entries]

        def run(evaluator: Evaluator, scope: Scope) -> Any:
            inner, made = dict(scope), {}
            for name, of, entry in entries:
                value = types.fitted(entry(evaluator, inner), of)
                if name is None:
                    return value
                inner[name] = made[name] = value
            return made

        return run

    def _invocation(self, box: model.Invocation) -> Run:
        function = self.ready(box.function)
        bindings = [(name, self.ready(one)) for name, one in box.bindings]

        def run(evaluator: Evaluator, scope: Scope) -> Any:
            called = function(evaluator, scope)
            given = {name: one(evaluator, scope) for name, one in bindings}
            if isinstance(called, FunctionValue) and not called.builtin:
                wanted = [name for name, _type in called.parameters]
                if not set(given) <= set(wanted):
                    return None
                return evaluator.call(called, [given.get(name) for name in wanted])
            return evaluator.call(called, [], given)

        return run

    def _listbox(self, box: model.ListBox) -> Run:
        items = [self.ready(one) for one in box.items]
        return lambda evaluator, scope: [one(evaluator, scope) for one in items]

    def _relation(self, box: model.Relation) -> Run:
        rows = [[self.ready(cell) for cell in row] for row in box.rows]

        def run(evaluator: Evaluator, scope: Scope) -> Any:
            return [
                {name: cell(evaluator, scope) for name, cell in zip(box.columns, row, strict=False)}
                for row in rows
            ]

        return run

    def _functiondefinition(self, box: model.FunctionDefinition) -> Run:
        made = self.function("", box)
        return lambda evaluator, scope: made(scope)

    def function(self, name: str, box: model.FunctionDefinition) -> Callable[[Scope], FunctionValue]:
        """What makes a function value in a scope. Functions in other languages give null."""
        parameters = tuple((one.name, self.types.of(one.type)) for one in box.parameters)
        names = [one.name for one in box.parameters]
        body = self.ready(box.box) if box.kind == "FEEL" else self.ready(None)

        def make(scope: Scope) -> FunctionValue:
            def run(evaluator: Evaluator, arguments: list[Any]) -> Any:
                return body(evaluator, {**scope, **dict(zip(names, arguments, strict=True))})

            return FunctionValue(name, parameters, run)

        return make

    def _conditional(self, box: model.Conditional) -> Run:
        condition, then, other = self.ready(box.condition), self.ready(box.then), self.ready(box.other)

        def run(evaluator: Evaluator, scope: Scope) -> Any:
            found = condition(evaluator, scope)
            if found is not None and not isinstance(found, bool):
                return None
            return (then if found else other)(evaluator, scope)

        return run

    def _filterbox(self, box: model.FilterBox) -> Run:
        source, match = self.ready(box.source), self.ready(box.match)

        def run(evaluator: Evaluator, scope: Scope) -> Any:
            items = source(evaluator, scope)
            if items is None:
                return None
            kept = []
            for item in items if isinstance(items, list) else [items]:
                found = match(evaluator, {**scope, **(item if isinstance(item, dict) else {}), "item": item})
                if not isinstance(found, bool) and found is not None:
                    return None
                if found:
                    kept.append(item)
            return kept

        return run

    def _iterationbox(self, box: model.IterationBox) -> Run:
        source, body, decisive = self.ready(box.source), self.ready(box.body), box.kind == "some"

        def run(evaluator: Evaluator, scope: Scope) -> Any:
            items = source(evaluator, scope)
            items = spread(items) if isinstance(items, RangeValue) else items
            if items is None:
                return None
            results: list[Any] = []
            for item in items if isinstance(items, list) else [items]:
                results.append(body(evaluator, {**scope, box.variable: item, "partial": list(results)}))
            if box.kind == "for":
                return results
            if any(one is not None and not isinstance(one, bool) for one in results):
                return None
            if any(one is decisive for one in results):
                return decisive
            return (not decisive) if all(one is (not decisive) for one in results) else None

        return run

    def _decisiontable(self, box: model.DecisionTable) -> Run:
        table = as_table(box, self.names)
        compiled = Compiled(table, self.names, self.types.of)
        single = len(box.outputs) == 1
        kinds = [self.types.of(one.type) for one in box.outputs]

        def plain(row: Any) -> Any:
            if not isinstance(row, dict):
                return row
            fitted = {
                name: types.fitted(value, of) for (name, value), of in zip(row.items(), kinds, strict=True)
            }
            return next(iter(fitted.values())) if single else fitted

        def run(evaluator: Evaluator, scope: Scope) -> Any:
            try:
                outcome = compiled.run(scope, evaluator)
            except HitPolicyBroken:
                return None
            if isinstance(outcome.outputs, list):
                return [plain(row) for row in outcome.outputs]
            return plain(outcome.outputs)

        return run


def as_table(box: model.DecisionTable, names: frozenset[str], code: str = "", title: str = "") -> Table:
    """A table of a file as one of ours; unnamed columns are called by what they look at."""
    outputs = []
    for number, one in enumerate(box.outputs, start=1):
        outputs.append(
            Output(
                name=one.name or one.label or box.label or f"output {number}",
                title=one.label or one.name or box.label,
                type=one.type,
                values=tuple(listed(one.values, names)),
                default=one.default,
            )
        )
    return Table(
        code=code,
        title=title,
        hit_policy=box.hit_policy,  # type: ignore[arg-type]
        inputs=tuple(
            Input(one.name or one.expression, one.label or one.expression, one.expression, one.type)
            for one in box.inputs
        ),
        outputs=tuple(outputs),
        rules=tuple(Rule(one.when, one.then) for one in box.rules),
    )


def listed(text: str, names: frozenset[str] = frozenset()) -> list[Any]:
    """The values that `"A", "B"` names, in their order."""
    return parse_values(text, names) if text.strip() else []


def parse_values(text: str, names: frozenset[str]) -> list[Any]:
    """As `listed`, for a text that is not empty. Raises FeelSyntaxError."""
    from qipan.kernel.decisions.feel import parse_unary_tests

    evaluator = Evaluator()
    return [evaluator.value(test, {}) for test in parse_unary_tests(text, names).tests]

"""Item definitions as FEEL types."""

from collections.abc import Callable, Mapping
from typing import Any

from qipan.kernel.decisions.dmn import model
from qipan.kernel.decisions.feel import Evaluator, FeelSyntaxError, parse_unary_tests, types
from qipan.kernel.decisions.feel.types import Type


class ItemTypes:
    """The types of a model by name; `elsewhere` are those of imported models under the names of their imports."""

    def __init__(
        self, definitions: model.Definitions, elsewhere: Mapping[str, "ItemTypes"], names: frozenset[str]
    ) -> None:
        self.items = {one.name: one for one in definitions.items}
        self.elsewhere = elsewhere
        self.names = names
        self.made: dict[str, Type | None] = {}

    def of(self, name: str) -> Type | None:
        """The type that a reference means; None where nothing is said or the name is not known."""
        if not name:
            return None
        if name not in self.made:
            self.made[name] = None  # a type that holds itself ends here
            self.made[name] = self._find(name)
        return self.made[name]

    def _find(self, name: str) -> Type | None:
        if name in self.items:
            return self._item(self.items[name])
        prefix, _dot, rest = name.partition(".")
        if rest and prefix in self.elsewhere:
            return self.elsewhere[prefix].of(rest)
        return types.named(name)

    def _item(self, item: model.ItemDefinition) -> Type | None:
        made: Type | None
        if item.function is not None:
            parameters, result = item.function
            made = types.FunctionType(
                tuple(self.of(one.type) or types.ANY for one in parameters), self.of(result) or types.ANY
            )
        elif item.components:
            made = types.ContextType(
                tuple((one.name, self._item(one) or types.ANY) for one in item.components)
            )
        else:
            made = self.of(item.type)
        if item.allowed.strip():
            made = types.Constrained(made or types.ANY, self._allows(item.allowed))
        if item.collection:
            made = types.ListType(made or types.ANY)
        if item.constraint.strip():
            made = types.Constrained(made or types.ANY, self._allows(item.constraint))
        return made

    def _allows(self, text: str) -> Callable[[Any], bool]:
        try:
            tests = parse_unary_tests(text, self.names)
        except FeelSyntaxError:
            return lambda value: True
        return lambda value: Evaluator().passes(tests, value, {})

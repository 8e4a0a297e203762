"""Reading FEEL: a parser by precedence over the pieces of the scanner."""

from collections.abc import Callable, Collection
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.decisions.feel import tree, types
from qipan.kernel.decisions.feel.scanner import FeelSyntaxError, Token, scan, unescape
from qipan.kernel.decisions.feel.types import Type
from qipan.kernel.decisions.feel.values import NUMBERS

DEEPEST = 60
Types = Callable[[str], Type | None]
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
__all__ = ["FeelSyntaxError", "parse_expression", "parse_unary_tests"]


class _Parser:
    def __init__(self, text: str, names: Collection[str], named: Types) -> None:
        self.named = named
        self.tokens = scan(text, names)
        self.at = 0
        self.depth = 0
        self.filters = True

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def ahead(self, places: int = 1) -> Token:
        return self.tokens[min(self.at + places, len(self.tokens) - 1)]

    def is_(self, *values: str) -> bool:
        return self.token.kind in {"operator", "keyword"} and self.token.value in values

    def take(self) -> Token:
        token = self.token
        if token.kind == "end":
            self.fail(_("表达式没有写完"))
        self.at += 1
        return token

    def accept(self, *values: str) -> bool:
        if self.is_(*values):
            self.at += 1
            return True
        return False

    def expect(self, value: str) -> None:
        if not self.accept(value):
            self.fail(_("这里应当是“%(value)s”") % {"value": value})

    def name(self) -> str:
        if self.token.kind not in {"name", "keyword"}:
            self.fail(_("这里应当是一个名称"))
        return self.take().value

    def fail(self, why: str) -> Any:
        raise FeelSyntaxError(_("第 %(at)d 个字符处有误：%(why)s。") % {"at": self.token.at + 1, "why": why})

    def end(self) -> None:
        if self.token.kind != "end":
            self.fail(_("多出了“%(value)s”") % {"value": self.token.value})

    def expression(self) -> tree.Node:
        self.depth += 1
        if self.depth > DEEPEST:
            self.fail(_("嵌套过深"))
        before, self.filters = self.filters, True
        try:
            return self.disjunction()
        finally:
            self.depth -= 1
            self.filters = before

    def whole(self) -> tree.Node:
        """if, for, some, every and function reach as far as they can."""
        if self.accept("if"):
            condition = self.expression()
            self.expect("then")
            then = self.expression()
            self.expect("else")
            return tree.If(condition, then, self.expression())
        if self.accept("function"):
            return self.function()
        return self.iteration()

    def iteration(self) -> tree.Node:
        kind = self.take().value
        variables = []
        while True:
            variable = self.name()
            self.expect("in")
            source = self.expression()
            if self.accept(".."):
                source = tree.Steps(source, self.expression())
            variables.append((variable, source))
            if not self.accept(","):
                break
        self.expect("return" if kind == "for" else "satisfies")
        begin = self.at
        body = self.expression()
        partial = kind == "for" and any(one.value == "partial" for one in self.tokens[begin : self.at])
        return tree.Iteration(kind, tuple(variables), body, partial)

    def function(self) -> tree.Node:
        self.expect("(")
        parameters: list[tuple[str, Type | None]] = []
        while not self.accept(")"):
            name = self.name()
            parameters.append((name, self.type() if self.accept(":") else None))
            if not self.is_(")"):
                self.expect(",")
        if self.accept("external"):
            self.expression()
            return tree.Function(tuple(parameters), None)
        return tree.Function(tuple(parameters), self.expression())

    def type(self) -> Type | None:
        """A type; None for one that is not known here."""
        name = self.name()
        if not self.accept("<"):
            if name == "function":
                return types.Simple("function")
            while self.accept("."):
                name += "." + self.name()
            return types.unconstrained(self.named(name))
        if name == "context":
            fields: list[tuple[str, Type]] = []
            while not self.accept(">"):
                field = self.name()
                self.expect(":")
                fields.append((field, self.type() or types.ANY))
                if not self.is_(">"):
                    self.expect(",")
            return types.ContextType(tuple(fields))
        parts: list[Type] = []
        while not self.accept(">"):
            parts.append(self.type() or types.ANY)
            if not self.is_(">"):
                self.expect(",")
        if name == "function":
            self.expect("->")
            return types.FunctionType(tuple(parts), self.type() or types.ANY)
        if name in {"list", "range"} and len(parts) == 1:
            return types.ListType(parts[0]) if name == "list" else types.RangeType(parts[0])
        return self.fail(_("“%(name)s”不是可以带参数的类型") % {"name": name})

    def disjunction(self) -> tree.Node:
        left = self.conjunction()
        while self.accept("or"):
            left = tree.Binary("or", left, self.conjunction())
        return left

    def conjunction(self) -> tree.Node:
        left = self.comparison()
        while self.accept("and"):
            left = tree.Binary("and", left, self.comparison())
        return left

    def comparison(self) -> tree.Node:
        left = self.sum()
        while True:
            if self.is_(*COMPARISONS):
                operator = self.take().value
                left = tree.Binary(operator, left, self.sum())
            elif self.accept("between"):
                low = self.sum()
                self.expect("and")
                left = tree.Between(left, low, self.sum())
            elif self.accept("in"):
                left = tree.In(left, self.in_tests())
            elif self.accept("instance of"):
                left = tree.InstanceOf(left, self.type())
            else:
                return left

    def in_tests(self) -> tree.UnaryTests:
        begin = self.at
        if self.accept("("):
            # `(1..5]` and `(a + b) * c` begin in the same way: tests are tried first.
            try:
                tests = tree.UnaryTests(self.alternatives())
                self.expect(")")
                if not self.is_("+", "-", "*", "/", "**", ".", ".."):
                    return tests
            except FeelSyntaxError:
                pass
            self.at = begin
        return tree.UnaryTests((self.test(plain=True),))

    def sum(self) -> tree.Node:
        left = self.product()
        while self.is_("+", "-"):
            left = tree.Binary(self.take().value, left, self.product())
        return left

    def product(self) -> tree.Node:
        left = self.power()
        while self.is_("*", "/"):
            left = tree.Binary(self.take().value, left, self.power())
        return left

    def power(self) -> tree.Node:
        left = self.sign()
        while self.accept("**"):
            left = tree.Binary("**", left, self.sign())
        return left

    def sign(self) -> tree.Node:
        signs = 0
        while self.accept("-"):
            signs += 1
        if signs > DEEPEST:
            self.fail(_("嵌套过深"))
        node = self.postfix()
        for _sign in range(signs):
            node = tree.Unary(node)
        return node

    def postfix(self) -> tree.Node:
        base = self.primary()
        while True:
            if self.accept("."):
                base = tree.Path(base, self.name())
            elif self.is_("("):
                base = self.call(base)
            elif self.filters and self.is_("["):
                self.take()
                condition = self.expression()
                self.expect("]")
                base = tree.Filter(base, condition)
            else:
                return base

    def primary(self) -> tree.Node:
        if self.is_("if", "for", "some", "every", "function"):
            self.depth += 1
            if self.depth > DEEPEST:
                self.fail(_("嵌套过深"))
            try:
                return self.whole()
            finally:
                self.depth -= 1
        token = self.take()
        if token.kind == "number":
            return tree.Literal(NUMBERS.create_decimal(token.value))
        if token.kind == "text":
            return tree.Literal(unescape(token.value))
        if token.kind == "keyword" and token.value in {"true", "false", "null"}:
            return tree.Literal({"true": True, "false": False, "null": None}[token.value])
        if token.kind == "name":
            return tree.Name(token.value)
        if token.kind == "operator":
            if token.value == "?":
                return tree.Name("?")
            if token.value == "@" and self.token.kind == "text":
                return tree.Call(tree.Name("@"), (tree.Literal(unescape(self.take().value)),))
            if token.value in "([]":
                return self.bracket(token.value)
            if token.value == "{":
                return self.context()
        self.at -= 1
        return self.fail(_("这里应当是一个值"))

    def range_end(self) -> tree.Node:
        """The upper end of an interval, after which `[` closes it and begins no filter."""
        before, self.filters = self.filters, False
        try:
            return self.sum()
        finally:
            self.filters = before

    def range(self, low: tree.Node | None, opening: str) -> tree.Range:
        high = None if self.is_("]", ")", "[") else self.range_end()
        closed = self.is_("]")
        if not self.is_("]", ")", "["):
            self.fail(_("区间没有结束"))
        self.take()
        return tree.Range(low, high, opening == "[" and low is not None, closed and high is not None)

    def bracket(self, opening: str) -> tree.Node:
        if opening == "[" and self.accept("]"):
            return tree.ListOf(())
        if opening == "(" and self.is_(*COMPARISONS):
            node = self.half_line()
            self.expect(")")
            return node
        if self.accept(".."):
            return self.range(None, opening)
        first = self.expression()
        if self.accept(".."):
            return self.range(first, opening)
        if opening == "]":
            return self.fail(_("区间没有结束"))
        if opening == "(":
            self.expect(")")
            return first
        items = [first]
        while self.accept(","):
            items.append(self.expression())
        self.expect("]")
        return tree.ListOf(tuple(items))

    def half_line(self) -> tree.Node:
        """`< 10` as an interval."""
        operator = self.take().value
        end = self.sum()
        if operator == "=":
            return tree.Range(end, end, True, True, "=")
        if operator == "!=":
            return tree.Comparison(operator, end)
        if operator in {"<", "<="}:
            return tree.Range(None, end, False, operator == "<=")
        return tree.Range(end, None, operator == ">=", False)

    def context(self) -> tree.Node:
        entries: list[tuple[str, tree.Node]] = []
        while not self.accept("}"):
            key = self.take()
            name = unescape(key.value) if key.kind == "text" else key.value
            while key.kind != "text" and not self.is_(":"):  # names with signs, such as a-b
                name += (" " if self.token.at > key.at + len(key.value) else "") + self.token.value
                key = self.take()
            self.expect(":")
            if any(name == before for before, _entry in entries):
                self.fail(_("“%(name)s”出现了两次") % {"name": name})
            entries.append((name, self.expression()))
            if not self.is_("}"):
                self.expect(",")
                if self.is_("}"):
                    self.fail(_("这里应当是一个名称"))
        return tree.Context(tuple(entries))

    def call(self, function: tree.Node) -> tree.Node:
        self.expect("(")
        positional: list[tree.Node] = []
        named: list[tuple[str, tree.Node]] = []
        while not self.accept(")"):
            if self.token.kind in {"name", "keyword"} and self.ahead().value == ":":
                key = self.take().value
                self.take()
                named.append((key, self.expression()))
            else:
                positional.append(self.expression())
            if not self.is_(")"):
                self.expect(",")
        if positional and named:
            self.fail(_("参数要么都写名称，要么都不写"))
        return tree.Call(function, tuple(positional), tuple(named))

    def tests(self) -> tree.UnaryTests:
        if self.is_("-") and self.ahead().kind == "end":
            self.at += 1
            return tree.UnaryTests()
        if self.token.value == "not" and self.ahead().value == "(":
            begin = self.at
            self.at += 2
            inner = self.alternatives()
            self.expect(")")
            if self.token.kind == "end":
                return tree.UnaryTests(inner, negated=True)
            self.at = begin
        return tree.UnaryTests(self.alternatives())

    def alternatives(self) -> tuple[tree.Node, ...]:
        found = [self.test()]
        while self.accept(","):
            found.append(self.test())
        return tuple(found)

    def test(self, plain: bool = False) -> tree.Node:
        if self.is_(*COMPARISONS):
            operator = self.take().value
            return tree.Comparison(operator, self.sum())
        return self.sum() if plain else self.expression()


def parse_expression(text: str, names: Collection[str] = (), named: Types = types.named) -> tree.Node:
    """An expression; `named` gives the types that `instance of` may name. Raises FeelSyntaxError."""
    parser = _Parser(text, names, named)
    node = parser.expression()
    parser.end()
    return node


def parse_unary_tests(text: str, names: Collection[str] = (), named: Types = types.named) -> tree.UnaryTests:
    """The tests of a cell: alternatives, intervals, comparisons, not(…), or a dash. Raises FeelSyntaxError."""
    if not text.strip():
        return tree.UnaryTests()
    parser = _Parser(text, names, named)
    node = parser.tests()
    parser.end()
    return node

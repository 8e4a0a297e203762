"""Reading FEEL: a scanner that knows the names in scope (they may hold blanks), and a parser by precedence."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.decisions.feel import tree

LONGEST = 20_000
DEEPEST = 60
KEYWORDS = {
    "and",
    "or",
    "in",
    "between",
    "if",
    "then",
    "else",
    "not",
    "true",
    "false",
    "null",
    "some",
    "every",
    "for",
    "satisfies",
    "return",
}
TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+)|(?P<text>\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<operator>\*\*|\.\.|<=|>=|!=|[-+*/<>=()\[\]{},:.@])|(?P<word>[^\W\d][\w']*))"
)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "'": "'"}
FUNCTION_NAMES = (
    "string length",
    "upper case",
    "lower case",
    "substring before",
    "substring after",
    "starts with",
    "ends with",
    "list contains",
    "distinct values",
    "insert before",
    "index of",
    "round up",
    "round down",
    "date and time",
    "years and months duration",
    "is defined",
    "round half up",
    "round half down",
    "day of year",
    "day of week",
    "month of year",
    "week of year",
    "get value",
    "get entries",
)


class FeelSyntaxError(ValueError):
    """A text that is no FEEL; the message says where, in the reader's language."""


@dataclass(frozen=True)
class Token:
    """One piece of the text."""

    kind: str
    value: str
    at: int


def scan(text: str, names: Collection[str] = ()) -> list[Token]:
    """The pieces of a text; names with blanks are taken whole, the longest first."""
    if len(text) > LONGEST:
        raise FeelSyntaxError(_("表达式过长（超过 %(most)d 个字符）。") % {"most": LONGEST})
    spaced = sorted(
        {name for name in (*names, *FUNCTION_NAMES) if not re.fullmatch(r"[^\W\d][\w']*", name)},
        key=len,
        reverse=True,
    )
    tokens, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        whole = next(
            (
                name
                for name in spaced
                if text.startswith(name, at) and not text[at + len(name) : at + len(name) + 1].isalnum()
            ),
            None,
        )
        if whole:
            tokens.append(Token("name", whole, at))
            at += len(whole)
            continue
        found = TOKEN.match(text, at)
        if not found or not found.lastgroup:
            raise FeelSyntaxError(
                _("第 %(at)d 个字符“%(sign)s”不能识别。") % {"at": at + 1, "sign": text[at]}
            )
        value = found[found.lastgroup]
        kind = found.lastgroup
        if kind == "word":
            kind = "keyword" if value in KEYWORDS else "name"
        tokens.append(Token(kind, value, found.start(found.lastgroup)))
        at = found.end()
    tokens.append(Token("end", "", len(text)))
    return tokens


class _Parser:
    def __init__(self, text: str, names: Collection[str]) -> None:
        self.tokens = scan(text, names)
        self.at = 0
        self.depth = 0
        self.filters = True

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def is_(self, *values: str) -> bool:
        return self.token.kind in {"operator", "keyword"} and self.token.value in values

    def take(self) -> Token:
        token = self.token
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

    def fail(self, why: str) -> Any:
        raise FeelSyntaxError(_("第 %(at)d 个字符处有误：%(why)s。") % {"at": self.token.at + 1, "why": why})

    def end(self) -> None:
        if self.token.kind != "end":
            self.fail(_("多出了“%(value)s”") % {"value": self.token.value})

    def expression(self) -> tree.Node:
        self.depth += 1
        if self.depth > DEEPEST:
            self.fail(_("嵌套过深"))
        try:
            if self.accept("if"):
                condition = self.expression()
                self.expect("then")
                then = self.expression()
                self.expect("else")
                return tree.If(condition, then, self.expression())
            if self.is_("some", "every", "for"):
                return self.quantified()
            return self.disjunction()
        finally:
            self.depth -= 1

    def quantified(self) -> tree.Node:
        kind = self.take().value
        variable = self.take().value
        self.expect("in")
        source = self.disjunction()
        if self.accept(".."):
            source = tree.Range(source, self.disjunction(), True, True)
        self.expect("return" if kind == "for" else "satisfies")
        return tree.Quantified(kind, variable, source, self.expression())

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
            if self.is_("=", "!=", "<", "<=", ">", ">="):
                operator = self.take().value
                left = tree.Binary(operator, left, self.sum())
            elif self.accept("between"):
                low = self.sum()
                self.expect("and")
                left = tree.Between(left, low, self.sum())
            elif self.accept("in"):
                if self.accept("("):
                    tests = self.tests()
                    self.expect(")")
                else:
                    tests = tree.UnaryTests((self.test(),))
                left = tree.In(left, tests)
            else:
                return left

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
        if self.accept("-"):
            return tree.Unary(self.sign())
        return self.postfix()

    def postfix(self) -> tree.Node:
        base = self.primary()
        while True:
            if self.accept("."):
                base = tree.Path(base, self.take().value)
            elif self.filters and self.is_("["):
                self.take()
                condition = self.expression()
                self.expect("]")
                base = tree.Filter(base, condition)
            else:
                return base

    def primary(self) -> tree.Node:
        token = self.take()
        if token.kind == "number":
            return tree.Literal(Decimal(token.value))
        if token.kind == "text":
            return tree.Literal(unescape(token.value))
        if token.kind == "keyword" and token.value in {"true", "false", "null"}:
            return tree.Literal({"true": True, "false": False, "null": None}[token.value])
        if token.kind == "name" or (token.kind == "keyword" and token.value == "not"):
            if self.is_("("):
                return self.call(token.value)
            if token.kind == "name":
                return tree.Name(token.value)
        if token.kind == "operator":
            if token.value == "@":
                text = self.take()
                return tree.Call("@", (tree.Literal(unescape(text.value)),))
            if token.value in "([":
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

    def bracket(self, opening: str) -> tree.Node:
        if opening == "[" and self.accept("]"):
            return tree.ListOf(())
        first = self.expression()
        if self.accept(".."):
            high = self.range_end()
            closed = self.is_("]")
            if not self.is_("]", ")", "["):
                self.fail(_("区间没有结束"))
            self.take()
            return tree.Range(first, high, opening == "[", closed)
        if opening == "(":
            self.expect(")")
            return first
        items = [first]
        while self.accept(","):
            items.append(self.expression())
        self.expect("]")
        return tree.ListOf(tuple(items))

    def context(self) -> tree.Node:
        entries = []
        while not self.accept("}"):
            key = self.take()
            name = unescape(key.value) if key.kind == "text" else key.value
            self.expect(":")
            entries.append((name, self.expression()))
            if not self.is_("}"):
                self.expect(",")
        return tree.Context(tuple(entries))

    def call(self, name: str) -> tree.Node:
        self.expect("(")
        positional: list[tree.Node] = []
        named: list[tuple[str, tree.Node]] = []
        while not self.accept(")"):
            if self.token.kind == "name" and self.tokens[self.at + 1].value == ":":
                key = self.take().value
                self.take()
                named.append((key, self.expression()))
            else:
                positional.append(self.expression())
            if not self.is_(")"):
                self.expect(",")
        return tree.Call(name, tuple(positional), tuple(named))

    def tests(self) -> tree.UnaryTests:
        if self.accept("-"):
            if self.token.kind == "end":
                return tree.UnaryTests()
            self.at -= 1
        if self.is_("not") and self.tokens[self.at + 1].value == "(":
            self.at += 2
            inner = self.alternatives()
            self.expect(")")
            return tree.UnaryTests(inner, negated=True)
        return tree.UnaryTests(self.alternatives())

    def alternatives(self) -> tuple[tree.Node, ...]:
        found = [self.test()]
        while self.accept(","):
            found.append(self.test())
        return tuple(found)

    def test(self) -> tree.Node:
        if self.is_("<", "<=", ">", ">=", "=", "!="):
            operator = self.take().value
            return tree.Comparison(operator, self.sum())
        if self.is_("]"):
            self.take()
            low = self.expression()
            self.expect("..")
            high = self.range_end()
            closed = self.is_("]")
            if not self.is_("]", ")", "["):
                self.fail(_("区间没有结束"))
            self.take()
            return tree.Range(low, high, False, closed)
        return self.expression()


def unescape(quoted: str) -> str:
    """The text between the quotes."""
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), quoted[1:-1])


def parse_expression(text: str, names: Collection[str] = ()) -> tree.Node:
    """An expression. Raises FeelSyntaxError."""
    parser = _Parser(text, names)
    node = parser.expression()
    parser.end()
    return node


def parse_unary_tests(text: str, names: Collection[str] = ()) -> tree.UnaryTests:
    """The tests of a cell: alternatives, intervals, comparisons, not(…), or a dash. Raises FeelSyntaxError."""
    if not text.strip():
        return tree.UnaryTests()
    parser = _Parser(text, names)
    node = parser.tests()
    parser.end()
    return node

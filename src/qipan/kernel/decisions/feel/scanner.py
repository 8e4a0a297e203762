"""Cutting a FEEL text into pieces. Names may hold blanks and signs, so those in scope are known beforehand."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from django.utils.translation import gettext as _

LONGEST = 20_000
KEYWORDS = {
    "and",
    "or",
    "in",
    "between",
    "if",
    "then",
    "else",
    "true",
    "false",
    "null",
    "some",
    "every",
    "for",
    "satisfies",
    "return",
    "function",
    "external",
}
WORD = r"(?:[^\W\d]|[\U00010000-\U000EFFFF])(?:[\w']|[\U00010000-\U000EFFFF])*"
TOKEN = re.compile(
    r"(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|(?P<text>\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<operator>\*\*|\.\.|->|<=|>=|!=|[-+*/<>=()\[\]{},:.@?])|(?P<word>" + WORD + ")",
    re.DOTALL,
)
SKIPPED = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/|\ufeff)+", re.DOTALL)
PLAIN = re.compile(WORD)
#: Names and types with words that are keywords elsewhere, or that must not be torn apart.
ALWAYS = (
    "date and time",
    "years and months duration",
    "days and time duration",
    "get or else",
    "list contains",
    "instance of",
)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class FeelSyntaxError(ValueError):
    """A text that is no FEEL; the message says where, in the reader's language."""


@dataclass(frozen=True)
class Token:
    """One piece of the text: number, text, operator, keyword, name or end."""

    kind: str
    value: str
    at: int


def spaced(names: Collection[str]) -> list[tuple[str, re.Pattern[str]]]:
    """The names that a scanner would tear apart, longest first, with how they may be written."""
    found = sorted({name for name in (*names, *ALWAYS) if not PLAIN.fullmatch(name)}, key=len, reverse=True)
    return [
        (name, re.compile(r"\s+".join(re.escape(part) for part in name.split()) + r"(?![\w'])"))
        for name in found
        if name.strip()
    ]


def scan(text: str, names: Collection[str] = ()) -> list[Token]:
    """The pieces of a text. Known names are taken whole; words that follow one another are one name."""
    if len(text) > LONGEST:
        raise FeelSyntaxError(_("表达式过长（超过 %(most)d 个字符）。") % {"most": LONGEST})
    known = spaced(names)
    tokens: list[Token] = []
    at, joinable = 0, False
    while at < len(text):
        if skipped := SKIPPED.match(text, at):
            at = skipped.end()
            continue
        whole = next(((name, found) for name, how in known if (found := how.match(text, at))), None)
        if whole:
            name, found = whole
            tokens.append(Token("keyword" if name == "instance of" else "name", name, at))
            at, joinable = found.end(), False
            continue
        piece = TOKEN.match(text, at)
        if not piece or not piece.lastgroup:
            raise FeelSyntaxError(
                _("第 %(at)d 个字符“%(sign)s”不能识别。") % {"at": at + 1, "sign": text[at]}
            )
        value, kind = piece[0], piece.lastgroup
        if kind == "word" and value not in KEYWORDS:
            if joinable:
                before = tokens.pop()
                tokens.append(Token("name", f"{before.value} {value}", before.at))
            else:
                tokens.append(Token("name", value, at))
            joinable = True
        else:
            tokens.append(Token("keyword" if kind == "word" else kind, value, at))
            joinable = False
        at = piece.end()
    tokens.append(Token("end", "", len(text)))
    return tokens


def unescape(quoted: str) -> str:
    """The text between the quotes."""

    def plain(found: re.Match[str]) -> str:
        code = found[1] or found[2] or found[3]
        if code:
            return chr(int(code, 16)) if int(code, 16) <= 0x10FFFF else found[0]
        sign = found[4]
        # A sign that needs no escape keeps its backslash: regular expressions are written that way.
        return ESCAPES.get(sign, sign if sign in "\"'\\" else found[0])

    made = re.sub(
        r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{6})|u\{([0-9a-fA-F]{1,6})\}|(.))",
        plain,
        quoted[1:-1],
        flags=re.DOTALL,
    )
    if any("\ud800" <= sign <= "\udfff" for sign in made):
        made = made.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return made

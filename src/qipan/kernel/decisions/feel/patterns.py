"""Regular expressions as XPath and XML Schema write them, on Python's engine, and none that could run for hours.

Python's engine goes back and tries again; some patterns then take a time that grows without measure with the text.
What a pattern may cost on a text is therefore reckoned beforehand, and one that may cost too much is not run: a repeat
without end that holds a choice or another repeat doubles with every sign of the text, others grow by a power of its length.
"""

import functools
import re
from dataclasses import dataclass
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as reading  # type: ignore[attr-defined]
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.decisions.feel.limits import FeelLimitError

LONGEST = 1_000
#: How often a part may be repeated by fixed numbers, one inside the other.
MOST_FIXED = 5_000
#: The most ways that the engine may have to try.
MOST_WAYS = 50_000_000
FLAGS = {"s": re.DOTALL, "m": re.MULTILINE, "i": re.IGNORECASE, "x": re.VERBOSE, "q": re.RegexFlag(0)}
#: Unicode categories as Python's engine can say them.
CATEGORIES = {
    "L": r"[^\W\d_]",
    "Nd": r"\d",
    "N": r"\d",
    "P": r"[!-#%-*,-/:;?@\[-\]_{}\u00a1\u00ab\u00b7\u00bb\u00bf\u2010-\u2027\u3001-\u3011\uff01-\uff0f\uff1a\uff1b\uff1f]",
    "Lu": r"[A-Z\u00c0-\u00d6\u00d8-\u00de]",
    "Ll": r"[a-z\u00df-\u00f6\u00f8-\u00ff]",
    "IsBasicLatin": r"[\x00-\x7f]",
}


class PatternError(ValueError):
    """A pattern that XPath does not allow."""


@dataclass(frozen=True)
class Effort:
    """What makes a pattern dear: repeats, choices of one or nothing, and repeats that hold something that varies."""

    repeats: int = 0
    options: int = 0
    doubling: bool = False

    def ways(self, length: int) -> int:
        """The most ways that the engine may have to try on a text of that length."""
        ways = (length + 1) ** (self.repeats + 1) if self.repeats else length + 1
        return max(ways * 2 ** min(self.options, 64), 2 ** min(length, 64) if self.doubling else 1)


def compiled(evaluator: Any, pattern: str, flags: str, text: str) -> re.Pattern[str]:
    """A pattern ready for a text, its cost counted. Raises PatternError, and FeelLimitError for one that costs too much."""
    found, effort = _compiled(pattern, flags)
    ways = effort.ways(len(text))
    if ways > MOST_WAYS:
        raise FeelLimitError(_("该正则表达式在这段文本上可能耗时过长，没有执行。"))
    evaluator.spend(ways // 200)
    return found


@functools.lru_cache(maxsize=256)
def _compiled(pattern: str, flags: str) -> tuple[re.Pattern[str], Effort]:
    """The pattern and what it may cost."""
    if len(pattern) > LONGEST or not set(flags) <= set(FLAGS):
        raise PatternError(pattern[:40])
    bits = re.RegexFlag(0)
    for flag in flags:
        bits |= FLAGS[flag]
    if "q" in flags:
        return re.compile(re.escape(pattern), bits), Effort()
    written = _translated(_unspaced(pattern) if "x" in flags else pattern, dot_all="s" in flags)
    try:
        effort = _effort(reading.parse(written, bits & ~re.VERBOSE))
        return re.compile(written, bits & ~re.VERBOSE), effort
    except (re.error, RecursionError, OverflowError) as error:
        raise PatternError(str(error)) from None


def _unspaced(pattern: str) -> str:
    """Without the blanks that the flag x lets a pattern have, outside of classes."""
    return re.sub(r"(\[(?:\\.|[^\]\\])*\])|\s+", lambda found: found[1] or "", pattern)


def _translated(pattern: str, dot_all: bool) -> str:
    """From XPath to Python: categories, class subtraction, no look-around, a dot that stops at line ends."""
    if re.search(r"\(\?(?!:)", pattern):
        raise PatternError("(?")
    made, at, inside = [], 0, 0
    while at < len(pattern):
        sign = pattern[at]
        if sign == "\\":
            at, piece = _escape(pattern, at, inside > 0)
            made.append(piece)
            continue
        if sign == "[":
            if inside:
                raise PatternError("[")
            end, piece = _subtracted(pattern, at)
            if piece:
                made.append(piece)
                at = end
                continue
            inside = 1
        elif sign == "]":
            inside = 0
        elif sign == "." and not inside and not dot_all:
            sign = r"[^\n\r]"
        made.append(sign)
        at += 1
    return "".join(made)


def _escape(pattern: str, at: int, inside: bool) -> tuple[int, str]:
    following = pattern[at + 1 : at + 2]
    if following in {"p", "P"}:
        found = re.match(r"\{(\w+)\}", pattern[at + 2 :])
        name = found[1] if found else ""
        plain = CATEGORIES.get(name)
        if not found or plain is None or (inside and (following == "P" or not plain.startswith("\\"))):
            raise PatternError("\\p")
        return at + 2 + found.end(), plain if following == "p" else f"(?!{plain})[\\s\\S]"
    if following in {"i", "c"}:
        return at + 2, "[A-Za-z_:]" if following == "i" else "[-.0-9A-Za-z_:]"
    if inside and following.isdigit():
        raise PatternError("\\" + following)
    if not following or following == "0" or (following.isalpha() and following not in "nrtdDsSwW"):
        raise PatternError("\\")
    return at + 2, pattern[at : at + 2]


def _subtracted(pattern: str, at: int) -> tuple[int, str]:
    """`[a-z-[aeiou]]` as Python can say it; an empty text where there is no subtraction."""
    found = re.compile(r"\[((?:\\.|[^\]\[\\])*)-\[((?:\\.|[^\]\[\\])*)\]\]").match(pattern, at)
    return (found.end(), f"(?:(?![{found[2]}])[{found[1]}])") if found else (at, "")


def _effort(parsed: Any, within: bool = False, times: int = 1) -> Effort:
    """What a parsed pattern may cost. Raises PatternError where fixed repeats multiply without measure."""
    repeats, options, doubling = 0, 0, False
    for code, argument in parsed:
        inners: list[tuple[Any, bool, int]] = []
        if code in {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}:
            least, most, inner = argument
            varies = least != most
            doubling |= within and varies
            repeats += varies and most > 1
            options += varies and most == 1
            if times * max(int(least), 1) > MOST_FIXED:
                raise PatternError("{")
            inners = [(inner, within or (varies and most > 1), times * max(int(least), 1))]
        elif code is codes.SUBPATTERN:
            inners = [(argument[-1], within, times)]
        elif code is codes.BRANCH:
            doubling |= within
            options += 1
            inners = [(branch, within, times) for branch in argument[1]]
        elif code in {codes.ASSERT, codes.ASSERT_NOT}:
            inners = [(argument[1], within, times)]
        for inner in inners:
            more = _effort(*inner)
            repeats, options, doubling = (
                repeats + more.repeats * (times if times > 1 else 1),
                options + more.options * times,
                doubling or more.doubling,
            )
    return Effort(repeats, options, doubling)


def filled(replacement: str, match: re.Match[str]) -> str:
    """The replacement with $1 … filled in. Raises PatternError for a lone $ or backslash."""

    def group(found: re.Match[str]) -> str:
        if found[1] is not None:
            number = int(found[1])
            return (match[number] or "") if number <= (match.re.groups or 0) else ""
        if found[2] in {"\\", "$"}:
            return str(found[2])
        raise PatternError(replacement[:40])

    return re.sub(r"\$(\d)|\\(.?)|\$", lambda found: _lone(found, group), replacement)


def _lone(found: re.Match[str], group: Any) -> str:
    if found[0] == "$":
        raise PatternError("$")
    return str(group(found))

"""What a subject can be found by: pieces of its name, its codes and its addresses.

Names and addresses are cut into two-character pieces, codes into four-character ones and their whole; each piece of
a query must be there (GIN on an array), and the whole words are checked on the few rows that remain. Pieces that stand
in nearly every row (深圳, 公司) are left out of the index condition where rarer ones are there.
"""

import operator
import re
from collections.abc import Iterable

COMMON = frozenset({"深圳", "圳市", "公司", "有限", "限公", "市福", "路号", "广东", "东省", "省深", "街道"})


#: What is neither letter nor digit.
OTHER = re.compile(r"[\W_]+")


def signs_of(text: str) -> str:
    """The letters and digits of a text, folded (one form of sigma, wherever it stands)."""
    return OTHER.sub("", text).lower().replace("ς", "σ")


def pieces(text: str) -> set[str]:
    """The two-character pieces of a text (the whole of a one-character text)."""
    signs = signs_of(text)
    if len(signs) == 1:
        return {signs}
    return set(map(operator.add, signs, signs[1:]))


def code_pieces(code: str) -> set[str]:
    """The four-character pieces of a code."""
    signs = signs_of(code)
    return {signs[start : start + 4] for start in range(max(1, len(signs) - 3))} if signs else set()


def grams(name: str, codes: Iterable[str] = (), addresses: Iterable[str] = ()) -> list[str]:
    """Everything a subject is found by."""
    found = pieces(name)
    for code in codes:
        found |= code_pieces(code)
    for address in addresses:
        found |= pieces(address)
    return sorted(found)


def wanted(word: str) -> list[str]:
    """The pieces that a row must hold to match a word, without those that nearly every row has."""
    signs = signs_of(word)
    # Every code has a digit; a long Latin word without one is a name.
    if len(signs) >= 6 and signs.isascii() and any(sign.isdigit() for sign in signs):
        return sorted(code_pieces(signs))
    found = pieces(signs)
    return sorted(found - COMMON or found)

"""The check signs of a unit's unified social credit code (统一社会信用代码, GB 32100-2015 with GB 11714)."""

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
BODY_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def body_check(body: str) -> str:
    """The check sign of the eight signs of an organisation code (GB 11714)."""
    rest = (
        11
        - sum(BODY_SIGNS.index(sign) * weight for sign, weight in zip(body, BODY_WEIGHTS, strict=True)) % 11
    )
    return {10: "X", 11: "0"}.get(rest, str(rest))


def last_check(first_seventeen: str) -> str:
    """The check sign of the first 17 signs; raises ValueError for a sign outside the alphabet."""
    total = sum(ALPHABET.index(sign) * weight for sign, weight in zip(first_seventeen, WEIGHTS, strict=True))
    return ALPHABET[(31 - total % 31) % 31]


def is_government_code(text: str) -> bool:
    """Whether the text is a well-formed code of a government body (it begins with 11)."""
    if len(text) != 18 or not text.startswith("11") or any(sign not in ALPHABET for sign in text):
        return False
    return body_check(text[8:16]) == text[16] and last_check(text[:17]) == text[17]

"""The codes of the field and their check digits."""

import re

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
USCC_SHAPE = re.compile(r"^[1-9A-HJ-NP-RT-UW-Y][0-9A-HJ-NP-RT-UW-Y]\d{6}[0-9A-HJ-NP-RT-UW-Y]{10}$")
LICENCE_SHAPE = re.compile(r"^(JY|YB|SC)\d{14}$")
ORG_SHAPE = re.compile(r"^[0-9A-Z]{8}[0-9X]$")
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


def tidy(text: str) -> str:
    """A code as it is compared: half-width, upper case, without blanks and hyphens."""
    return re.sub(r"[\s\-‐–—]", "", text.translate(FULL_WIDTH)).upper()


def uscc_check(first17: str) -> str:
    """The 18th character of a unified social credit code (GB 32100-2015). Raises ValueError outside the alphabet."""
    total = sum(
        USCC_ALPHABET.index(sign) * weight for sign, weight in zip(first17, USCC_WEIGHTS, strict=True)
    )
    return USCC_ALPHABET[(31 - total % 31) % 31]


def org_check(first8: str) -> str:
    """The check sign of an organisation code (GB 11714)."""
    total = sum(int(sign, 36) * weight for sign, weight in zip(first8, ORG_WEIGHTS, strict=True))
    left = 11 - total % 11
    return "X" if left == 10 else "0" if left == 11 else str(left)


def mod_11_10(digits: str) -> str:
    """The check digit of ISO 7064 MOD 11,10 (GB/T 17710), used by registration and licence numbers."""
    product = 10
    for digit in digits:
        product = (product + int(digit)) % 10 or 10
        product = product * 2 % 11
    return str((11 - product) % 10)


def is_uscc(code: str) -> bool:
    """Whether an 18-character code has the right shape and both its check signs hold."""
    return has_uscc_shape(code) and uscc_check(code[:17]) == code[17] and org_check(code[8:16]) == code[16]


def has_uscc_shape(code: str) -> bool:
    """Whether a text looks like a unified social credit code (old data contains codes with wrong check signs)."""
    return bool(USCC_SHAPE.match(code))


def make_uscc(kind: str, division: str, serial: str) -> str:
    """A whole code from its first two characters, the division code and eight characters of organisation code."""
    body = f"{kind}{division}{serial}{org_check(serial)}"
    return body + uscc_check(body)


def is_reg_no(number: str) -> bool:
    """Whether a 15-digit registration number (GS 15-2006) has a right check digit."""
    return len(number) == 15 and number.isdigit() and mod_11_10(number[:14]) == number[14]


def is_org_code(code: str) -> bool:
    """Whether a nine-character organisation code (GB 11714) has a right check sign."""
    return bool(ORG_SHAPE.match(code)) and org_check(code[:8]) == code[8]


def is_licence_number(number: str) -> bool:
    """Whether a food licence or filing number (JY, YB, SC and 14 digits) has a right check digit."""
    return bool(LICENCE_SHAPE.match(number)) and mod_11_10(number[2:15]) == number[15]


def licence_number(prefix: str, first: str, area: str, sequence: int, width: int = 6) -> str:
    """`JY` + main format + six digits of area + sequence + check digit (FBL15 24; for JY the check digit is assumed).

    Raises ValueError when the sequence no longer fits.
    """
    body = f"{first}{area}{sequence:0{width}d}"
    if len(body) != 13:
        raise ValueError(f"{prefix}: the series {first}{area} is used up")
    return f"{prefix}{body}{mod_11_10(body)}"

"""Citizen identity numbers (公民身份号码, GB 11643-1999): 17 digits and a check sign, ISO 7064 MOD 11-2."""

import datetime
import unicodedata

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
SIGNS = "10X98765432"


def check_sign(first_seventeen: str) -> str:
    """The check sign (0 to 9 or X) of the first 17 digits; raises ValueError for anything but 17 digits."""
    if len(first_seventeen) != 17 or not first_seventeen.isascii() or not first_seventeen.isdigit():
        raise ValueError("17 digits are needed")
    return SIGNS[
        sum(int(digit) * weight for digit, weight in zip(first_seventeen, WEIGHTS, strict=True)) % 11
    ]


def is_id_number(text: str, *, on: datetime.date | None = None) -> bool:
    """Whether the text is a well-formed number: shape, a real date of birth (not after `on`), check sign."""
    number = unicodedata.normalize("NFKC", text).strip().upper()
    if len(number) != 18 or not number.isascii() or not number[:17].isdigit():
        return False
    try:
        born = datetime.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    if born.year < 1850 or (on is not None and born > on):
        return False
    return check_sign(number[:17]) == number[17]

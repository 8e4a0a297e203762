"""Codes and check signs for whole columns at once; `subjects.codes` judges single ones.

Serials of credit codes begin with `MQ`, which no register has issued: a code of the demo city is nobody's.
"""

import numpy as np

from qipan.kernel.subjects.codes import ORG_WEIGHTS, USCC_ALPHABET, USCC_WEIGHTS

SIGNS = np.array(list(USCC_ALPHABET))
VALUES_36 = np.array([int(sign, 36) for sign in USCC_ALPHABET])
ORG_SIGNS = np.array([USCC_ALPHABET.index(sign) for sign in "0123456789X"])
SERIAL_HEAD = [USCC_ALPHABET.index(sign) for sign in "MQ"]
SERIALS = 31**6
MOST = 10**8


def usccs(heads: list[str], ordinals: np.ndarray, seed: int) -> list[str]:
    """Credit codes with both check signs: `heads` are the first eight signs, `ordinals` (below 31^6) all differ."""
    count = len(heads)
    values = np.zeros((count, 18), dtype=np.int64)
    values[:, :8] = [[USCC_ALPHABET.index(sign) for sign in head] for head in heads]
    values[:, 8:10] = SERIAL_HEAD
    serials = (ordinals * 387_420_489 + seed * 7919) % SERIALS
    for place in range(15, 9, -1):
        values[:, place] = serials % 31
        serials = serials // 31
    org = (11 - (VALUES_36[values[:, 8:16]] @ np.array(ORG_WEIGHTS)) % 11) % 11
    values[:, 16] = ORG_SIGNS[org]
    values[:, 17] = (31 - (values[:, :17] @ np.array(USCC_WEIGHTS)) % 31) % 31
    return ["".join(row) for row in SIGNS[values].tolist()]


def mod_11_10(digits: np.ndarray) -> np.ndarray:
    """The check digits (ISO 7064 MOD 11,10) of rows of digits."""
    product = np.full(len(digits), 10)
    for place in range(digits.shape[1]):
        product = (product + digits[:, place]) % 10
        product[product == 0] = 10
        product = product * 2 % 11
    return (11 - product) % 10


def checked(numbers: list[str]) -> list[str]:
    """Numbers of equal length with their MOD 11,10 check digit behind."""
    if not numbers:
        return []
    digits = np.array([list(number) for number in numbers]).astype(np.int64)
    return [number + str(check) for number, check in zip(numbers, mod_11_10(digits).tolist(), strict=True)]

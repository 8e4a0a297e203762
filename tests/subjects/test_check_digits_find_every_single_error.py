"""Check digits: the vectors of DOMAIN 2.2 and 3.3, and every change of one character is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as stdnum_uscc

from qipan.kernel.subjects import codes

USCC = [
    "91440300MA5DA0B10Y",
    "92440304MA5EFXYW94",
    "93440307123456788L",
    "91440300000000000E",
    "92440311MA5G7QT20X",
    "11440306K31717456C",
]
LICENCES = [
    "JY14403040000016",
    "JY24403040001232",
    "JY34403060000422",
    "JY24403111234568",
    "SC10444030400018",
    "SC20144030600128",
]


@pytest.mark.parametrize("code", USCC)
def test_valid_credit_codes_hold_and_any_change_fails(code: str) -> None:
    assert codes.is_uscc(code)
    for place in range(18):
        for sign in codes.USCC_ALPHABET:
            if sign != code[place]:
                assert not codes.is_uscc(code[:place] + sign + code[place + 1 :])


@pytest.mark.parametrize("number", ["440301600000123", "440306800000340"])
def test_registration_numbers(number: str) -> None:
    assert codes.is_reg_no(number)
    assert not codes.is_reg_no(number[:-1] + str((int(number[-1]) + 1) % 10))


@pytest.mark.parametrize("number", LICENCES)
def test_licence_numbers(number: str) -> None:
    assert codes.is_licence_number(number)


def test_reference_vector_of_the_standard() -> None:
    assert codes.mod_11_10("0794") == "5"


@given(st.integers(0, 99999999), st.sampled_from(["91", "92", "93"]))
def test_made_codes_hold_and_agree_with_another_library(serial: int, kind: str) -> None:
    code = codes.make_uscc(kind, "440305", f"{serial:08d}")
    assert codes.is_uscc(code)
    assert stdnum_uscc.is_valid(code)


@given(st.integers(1, 999999), st.integers(2, 15), st.integers(1, 9))
def test_licence_numbers_find_every_single_error(sequence: int, place: int, shift: int) -> None:
    number = codes.licence_number("JY", "2", "440304", sequence)
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    assert codes.is_licence_number(number)
    assert not codes.is_licence_number(wrong)


def test_full_width_and_hyphens_are_tidied() -> None:
    assert codes.tidy("９１４４ 0300-ma5da0b10y") == "91440300MA5DA0B10Y"

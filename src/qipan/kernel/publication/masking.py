"""What may be shown of a thing: the closed list of fields of its kind, each through its mask (PenPub 6).

A field that the kind does not declare is a programming error. People who report are no field of any kind; of minors
nothing that is personal is shown at all.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal

from qipan.kernel.accounts.vault import masking as vault

Party = Literal["organisation", "natural", "minor"]

ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])")
PHONE = re.compile(r"(?<![0-9A-Za-z])1[3-9]\d{9}(?![0-9A-Za-z])")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
NEVER = ("reporter", "complainant", "informant", "whistleblower", "举报人", "投诉人")
"""Keys that no kind may declare: those who report are never named (C&R 33)."""


def _born(number: str) -> bool:
    """Whether digits 7 to 14 are a date of birth; of a credit code they never are. A wrong check sign hides nothing."""
    try:
        return 1900 <= datetime.date(int(number[6:10]), int(number[10:12]), int(number[12:14])).year <= 2100
    except ValueError:
        return False


def text(value: str) -> str:
    """Free text with the identity numbers, telephone numbers and e-mail addresses in it masked."""
    value = ID_NUMBER.sub(lambda hit: vault.id_number(hit[0]) if _born(hit[0]) else hit[0], value)
    value = EMAIL.sub(lambda hit: vault.email(hit[0]), value)
    return PHONE.sub(lambda hit: vault.phone(hit[0]), value)


def _plain(value: str) -> str:
    return value


MASKS: dict[str, Callable[[str], str]] = {
    "plain": _plain,
    "text": text,
    "name": vault.name,
    "id_number": vault.id_number,
    "phone": vault.phone,
    "email": vault.email,
    "address": vault.address,
}
PERSONAL = frozenset({"name", "id_number", "phone", "email", "address"})


def masked(fields: list[dict[str, str]], content: Mapping[str, Any], party: Party) -> dict[str, Any]:
    """The content as it may be shown, in the order of the fields; empty values are left out.

    A name that is masked in its own field is masked wherever the free text of another repeats it. Raises ValueError for a key that the kind does not declare.
    """
    unknown = set(content) - {field["key"] for field in fields}
    if unknown:
        raise ValueError(f"not declared for this kind of publication: {sorted(unknown)}")
    shown: dict[str, Any] = {}
    names = [
        str(content[field["key"]])
        for field in fields
        if content.get(field["key"]) and (mask_of(field, party) == "name" or _hidden_name(field, party))
    ]

    def free(value: str) -> str:
        for name in names:
            value = value.replace(name, vault.name(name))
        return text(value)

    for field in fields:
        value = content.get(field["key"])
        if value in (None, "", [], {}):
            continue
        mask = mask_of(field, party)
        if mask != "hide":
            shown[field["key"]] = _through(free if mask == "text" else MASKS[mask], value)
    return shown


def _hidden_name(field: Mapping[str, str], party: Party) -> bool:
    return mask_of(field, party) == "hide" and "name" in (field.get("mask"), field.get("mask_natural"))


def mask_of(field: Mapping[str, str], party: Party) -> str:
    """Which mask a field goes through for a party."""
    plain = field.get("mask", "text")
    if party == "organisation":
        return plain
    natural = field.get("mask_natural") or plain
    return "hide" if party == "minor" and (natural in PERSONAL or plain in PERSONAL) else natural


def _through(mask: Callable[[str], str], value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, bool | int):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _through(mask, each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_through(mask, each) for each in value]
    raise ValueError(f"{type(value).__name__} cannot be published")

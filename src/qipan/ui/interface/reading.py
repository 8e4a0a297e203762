"""Reading what a program sent: nothing that the database or a document could not hold gets past here."""

import json
import math
from typing import Annotated, Any

from django.http import HttpRequest
from django.http.request import RawPostDataException
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from ninja.errors import HttpError
from ninja.parser import Parser
from pydantic import AfterValidator, Field

DEEPEST = 12


def _unfit(text: str) -> bool:
    """A NUL, or half of a surrogate pair: characters that PostgreSQL and UTF-8 do not know."""
    return any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in text)


def _must_fit(text: str) -> str:
    if _unfit(text):
        raise ValueError(_("含有不能保存的字符。"))
    return text


def _walk(value: Any, depth: int = 0) -> None:
    if depth > DEEPEST:
        raise HttpError(400, _("内容嵌套得过深。"))
    if isinstance(value, str) and _unfit(value):
        raise HttpError(400, _("内容含有不能保存的字符（空字符或者不成对的代理码）。"))
    if isinstance(value, float) and not math.isfinite(value):
        raise HttpError(400, _("数值过大。"))
    if isinstance(value, dict):
        for key, each in value.items():
            _walk(key, depth + 1)
            _walk(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            _walk(each, depth + 1)


def _no_such(name: str) -> Any:
    raise ValueError(name)


class SafeParser(Parser):
    """JSON as RFC 8259 has it (no NaN), not deeper than a form needs, with characters that can be kept."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            value = json.loads(request.body, parse_constant=_no_such)
        except (ValueError, RecursionError, RawPostDataException):
            raise HttpError(400, _("请求内容不是有效的 JSON。")) from None
        _walk(value)
        return value

    def parse_querydict(
        self, data: MultiValueDict, list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        for key, values in data.lists():
            if any(isinstance(value, str) and _unfit(value) for value in (key, *values)):
                raise HttpError(400, _("参数含有不能保存的字符。"))
        return super().parse_querydict(data, list_fields, request)


Number = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""The number of a record."""

Code = Annotated[str, Field(max_length=60), AfterValidator(_must_fit)]
"""A code in an address or a body."""

Words = Annotated[str, Field(max_length=100), AfterValidator(_must_fit)]
"""What is searched for."""

Text = Annotated[str, Field(max_length=5000), AfterValidator(_must_fit)]
"""What a person wrote."""


def idempotency_key(request: HttpRequest) -> str:
    """The key of a request that must not be done twice. Raises HttpError without one."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if not key or len(key) > 80 or not key.isascii() or not key.isprintable():
        raise HttpError(
            400,
            _("请在 Idempotency-Key 请求头中给出本次提交的编号（1 到 80 个可见字符，每次新的提交用新的）。"),
        )
    return key


def scoped_key(request: HttpRequest) -> str:
    """The key, kept apart between callers, so that nobody meets another's."""
    return f"api:{request.reader.user_id}:{idempotency_key(request)}"  # type: ignore[attr-defined]


KEY_HEADER: dict[str, Any] = {
    "parameters": [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "required": True,
            "schema": {"type": "string", "maxLength": 80},
            "description": "本次提交的编号。同一编号重发，得到同一结果，不会重复办理",
        }
    ]
}
"""What an operation adds to its description when it asks for `idempotency_key`."""

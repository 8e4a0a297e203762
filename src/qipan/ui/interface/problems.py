"""Errors for programs: problem details (RFC 9457) in the language asked for, with a pointer to each wrong field."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, Throttled, ValidationError
from pydantic import Field

from qipan.kernel.ledger.errors import Refused

MEDIA_TYPE = "application/problem+json"
TYPES = "/api/docs/#problem-"

TITLES: dict[str, tuple[int, str | Promise]] = {
    "malformed": (400, gettext_lazy("请求不能识别")),
    "unauthenticated": (401, gettext_lazy("需要有效的令牌")),
    "forbidden": (403, gettext_lazy("没有权限")),
    "not-found": (404, gettext_lazy("没有找到")),
    "method": (405, gettext_lazy("不支持这个方法")),
    "conflict": (409, gettext_lazy("与已有的内容冲突")),
    "state": (409, gettext_lazy("当前状态不能这样办")),
    "stale": (409, gettext_lazy("已被他人更新")),
    "too-large": (413, gettext_lazy("内容过大")),
    "invalid": (422, gettext_lazy("填写的内容有误")),
    "too-many": (429, gettext_lazy("请求过于频繁")),
    "server": (500, gettext_lazy("系统出错")),
    "unavailable": (503, gettext_lazy("服务暂时不可用")),
}
"""Problem type → (status, title)."""

REFUSALS = {
    "invalid": "invalid",
    "not_found": "not-found",
    "forbidden": "forbidden",
    "conflict": "conflict",
    "state": "state",
    "stale": "stale",
}

# Messages of the checking library by its error type; what is not named here is told as "wrong format".
WRONG: dict[str, str | Promise] = {
    "missing": gettext_lazy("必须填写。"),
    "extra_forbidden": gettext_lazy("没有这个字段。"),
    "string_type": gettext_lazy("应当是文字。"),
    "string_too_long": gettext_lazy("最多 %(max_length)s 个字符。"),
    "string_too_short": gettext_lazy("至少 %(min_length)s 个字符。"),
    "int_type": gettext_lazy("应当是整数。"),
    "int_parsing": gettext_lazy("应当是整数。"),
    "int_parsing_size": gettext_lazy("数值过大。"),
    "int_from_float": gettext_lazy("应当是整数。"),
    "bool_type": gettext_lazy("应当是 true 或者 false。"),
    "bool_parsing": gettext_lazy("应当是 true 或者 false。"),
    "uuid_parsing": gettext_lazy("应当是 UUID。"),
    "uuid_type": gettext_lazy("应当是 UUID。"),
    "dict_type": gettext_lazy("应当是对象。"),
    "model_attributes_type": gettext_lazy("应当是对象。"),
    "model_type": gettext_lazy("应当是对象。"),
    "list_type": gettext_lazy("应当是列表。"),
    "too_long": gettext_lazy("最多 %(max_length)s 项。"),
    "greater_than_equal": gettext_lazy("不能小于 %(ge)s。"),
    "less_than_equal": gettext_lazy("不能大于 %(le)s。"),
    "literal_error": gettext_lazy("只能是其中之一：%(expected)s。"),
}


class FieldProblem(Schema):
    """What is wrong with one field."""

    pointer: str = Field(
        description="JSON 指针，例如 /answers/contact_phone；查询参数写作 ?q，请求头写作 @Idempotency-Key"
    )
    field: str = Field(description="字段代码")
    detail: str = Field(description="错在哪里、怎么改")


class Problem(Schema):
    """A problem (RFC 9457). `type` names the kind, `detail` says what to do, `errors` the single fields."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []


def pointer(*parts: Any) -> str:
    """The JSON pointer (RFC 6901) of a place in the body."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def problem(
    kind: str, detail: str = "", errors: Iterable[Mapping[str, str]] = (), *, status: int = 0, **more: Any
) -> HttpResponse:
    """The answer for a problem of a kind of TITLES; `more` are members of its own (`version` of a stale case)."""
    usual, title = TITLES[kind]
    body: dict[str, Any] = {
        "type": TYPES + kind,
        "title": str(title),
        "status": status or usual,
        "detail": detail or str(title),
    }
    if found := [dict(error) for error in errors]:
        body["errors"] = found
    body |= more
    answer = HttpResponse(
        json.dumps(body, ensure_ascii=False), status=body["status"], content_type=MEDIA_TYPE
    )
    answer["Cache-Control"] = "no-store"
    if body["status"] == 401:
        answer["WWW-Authenticate"] = 'Bearer realm="qipan"'
    return answer


def refused(refusal: Refused, *, under: tuple[str, ...] = ()) -> HttpResponse:
    """A refused action; the fields that it names stand below `under` in the body."""
    said = refusal.details.get("refusals") or [{"message": str(refusal.message), "field": refusal.field}]
    errors = [
        {
            "pointer": pointer(*under, *str(each["field"]).split(".")),
            "field": each["field"],
            "detail": str(each["message"]),
        }
        for each in said
        if each.get("field")
    ]
    more = {"version": refusal.details["version"]} if "version" in refusal.details else {}
    return problem(REFUSALS[refusal.code], str(refusal.message), errors, **more)


def field_problems(errors: Mapping[str, str], *under: str) -> HttpResponse:
    """Wrong fields of a form; one in a row is named `group.index.field`."""
    return problem(
        "invalid",
        _("有 %(count)d 处需要修改。") % {"count": len(errors)},
        [
            {"pointer": pointer(*under, *code.split(".")), "field": code, "detail": text}
            for code, text in errors.items()
        ],
    )


def _words(error: Mapping[str, Any]) -> str:
    text = WRONG.get(str(error["type"]))
    if text is None:
        own = error.get("ctx", {}).get("error")
        return str(own) if own else _("格式不对。")
    values = {key: str(value).replace(" or ", _("、")) for key, value in (error.get("ctx") or {}).items()}
    try:
        return str(text) % values
    except KeyError:
        return str(text)


def _place(location: Iterable[Any]) -> tuple[str, str]:
    """(pointer, field) of a wrong value: the library gives source, parameter, then the way into it."""
    source, *way = location
    if source == "body" and len(way) > 1:
        return pointer(*way[1:]), str(way[-1])
    if source in {"body", "form", "file"}:
        return pointer(*way) if source != "body" else "", str(way[-1]) if way else ""
    sign = {"query": "?", "header": "@", "path": ":"}.get(str(source), "")
    return f"{sign}{way[-1] if way else ''}", str(way[-1]) if way else ""


def _validation(request: HttpRequest, wrong: ValidationError) -> HttpResponse:
    errors = []
    for error in wrong.errors:
        where, field = _place(error["loc"])
        errors.append({"pointer": where, "field": field, "detail": _words(error)})
    return problem("invalid", _("有 %(count)d 处需要修改。") % {"count": len(errors)}, errors)


def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    status = error.status_code
    if isinstance(error, Throttled):
        return problem("too-many", _("请求过于频繁，请按 Retry-After 稍后再试。"))
    kinds = {400: "malformed", 401: "unauthenticated", 403: "forbidden", 404: "not-found", 413: "too-large"}
    if status == 401:
        return problem("unauthenticated", _("请在 Authorization 请求头中给出有效的令牌：Bearer qp_…"))
    # What the library itself raises for a body that it cannot read is in English.
    plain = "" if status == 400 and str(error).isascii() else str(error)
    return problem(kinds.get(status, "malformed"), plain, status=status)


def install(api: NinjaAPI) -> None:
    """Let an interface answer in problems."""
    api.add_exception_handler(Refused, lambda request, refusal: refused(refusal))
    api.add_exception_handler(ValidationError, _validation)
    api.add_exception_handler(HttpError, _http)
    api.add_exception_handler(
        RequestDataTooBig,
        lambda request, error: problem("too-large", _("请求内容过大；文件请用上传接口。")),
    )
    api.add_exception_handler(Http404, lambda request, missing: problem("not-found"))


class ProblemMiddleware:
    """Turns what Django itself answers below /api/ (unknown address, wrong method, crash) into a problem as well."""

    STATUS = {
        400: "malformed",
        403: "forbidden",
        404: "not-found",
        405: "method",
        413: "too-large",
        500: "server",
        503: "unavailable",
    }

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer: HttpResponse = self.get_response(request)
        kind = self.STATUS.get(answer.status_code)
        if kind is None or not request.path.startswith("/api/v1/"):
            return answer
        if answer.headers.get("Content-Type", "").startswith(MEDIA_TYPE):
            return answer
        told = problem(kind)
        for name in ("Allow", "Retry-After"):
            if name in answer.headers:
                told[name] = answer[name]
        return told

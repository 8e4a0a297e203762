"""Who may call an operation: declared at each view, decided before it is entered."""

from collections.abc import Callable, Iterable
from enum import Enum
from functools import wraps
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import RawPostDataException, UnreadablePostError
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from ninja.errors import HttpError

from qipan.adapters.govstack import clients
from qipan.adapters.govstack.answers import fault
from qipan.adapters.govstack.clients import Caller, Clients
from qipan.kernel.accounts import limits
from qipan.kernel.ledger.errors import Refused
from qipan.ui.access import Access
from qipan.ui.signin.address import client_address

STATUS = {"not_found": 404, "forbidden": 403, "conflict": 409, "state": 409, "stale": 409, "invalid": 400}


class Header(Enum):
    """Whether an operation asks who the client is."""

    PUBLIC = "what everybody may know"
    OPTIONAL = "the specification declares no header; without one it is the unnamed client, or nobody"
    REQUIRED = "the specification requires it"


def operation(
    header: Header, *methods: str, applicant: Iterable[str] = (), officer: Iterable[str] = ()
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """A view of the façade, entered with a Caller: methods, and the scopes that a token needs on either side.

    404 while the façade is off or for a stranger's address; 400 for a header that is missing, malformed or of a client
    that is not registered (the only input error of the specification); 405, 413 and 429 as everywhere.
    """
    scopes = {"applicant": tuple(applicant), "officer": tuple(officer)}

    def declare(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            known = clients.configured()
            if known is None or client_address(request) not in known.mediators:
                return fault(404, "not_found", _("没有这个地址。"))
            try:
                caller = _caller(request, known, header, scopes)
                if isinstance(caller, HttpResponse):
                    return caller
                if request.method not in methods:
                    made = fault(405, "method", _("不支持这个方法。"))
                    made["Allow"] = ", ".join(methods)
                    return made
                return view(request, caller, **kwargs)
            except Refused as refusal:
                return fault(STATUS[refusal.code], refusal.code, refusal.message)
            except Http404:
                return fault(404, "not_found", _("没有找到。"))
            except RequestDataTooBig:
                return fault(413, "too_large", _("请求内容过大。"))
            except HttpError as error:
                return fault(error.status_code, "invalid", str(error))
            except (BadRequest, SuspiciousOperation, MultiPartParserError, RawPostDataException):
                return fault(400, "invalid", _("请求内容不能识别。"))
            except UnreadablePostError:
                return fault(400, "invalid", _("请求没有传完。"))

        public = header is Header.PUBLIC
        asked = tuple(dict.fromkeys((*scopes["applicant"], *scopes["officer"])))
        guarded.access = Access("public") if public else Access("peer", scopes=asked)  # type: ignore[attr-defined]
        return csrf_exempt(guarded)  # no session is looked at: there is nothing to ride on

    return declare


def _caller(
    request: HttpRequest, known: Clients, header: Header, scopes: dict[str, tuple[str, ...]]
) -> Caller | HttpResponse:
    address = client_address(request)
    if header is Header.PUBLIC:
        if not limits.take(f"api:ip:{address}", limits.API_ADDRESS):
            return _too_many()
        return Caller()
    identifier = request.headers.get(clients.HEADER)
    if identifier is None and header is Header.OPTIONAL:
        if not known.unnamed:
            return Caller()
        identifier = known.unnamed
    if not identifier or not clients.IDENTIFIER.fullmatch(identifier):
        return fault(
            400, "invalid", _("请求头 Information-Mediator-Client 应为 INSTANCE/CLASS/MEMBER/SUBSYSTEM。")
        )
    caller = clients.caller_of(known, identifier, scopes)
    if caller is None:
        if not limits.take(f"api:failed:{address}", limits.API_FAILED):
            return _too_many()
        return fault(400, "invalid", _("这个客户没有登记。"))
    for reader in caller.readers:
        if not limits.take(f"api:user:{reader.user_id}", limits.API_ACCOUNT):
            return _too_many()
    return caller


def _too_many() -> HttpResponse:
    made = fault(429, "too_many", _("请求过于频繁，请稍后再试。"))
    made["Retry-After"] = "1"
    return made

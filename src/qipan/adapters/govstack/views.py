"""The routes: read what was sent, call one query or action, answer in the shape of the specification."""

import base64
import binascii
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja.errors import HttpError

from qipan.adapters.govstack import actions, queries, shapes, statistics
from qipan.adapters.govstack.access import Header, operation
from qipan.adapters.govstack.actions import Submitted
from qipan.adapters.govstack.answers import answer, fault
from qipan.adapters.govstack.clients import Caller
from qipan.conf import wall
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.evidence.models import EvidenceKind
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.errors import Refused
from qipan.ui.interface.reading import SafeParser

MOST_BYTES = 10 * 1024 * 1024
MOST_DOCUMENTS = 20
PUBLIC, OPTIONAL, REQUIRED = Header.PUBLIC, Header.OPTIONAL, Header.REQUIRED
READ = {"applicant": ("applications.read",), "officer": ("cases.read",)}


@operation(PUBLIC, "GET")
def services(request: HttpRequest, caller: Caller) -> HttpResponse:
    """The items in force; `name` is the whole name, ours or theirs."""
    found = shapes.services(items.items_for_public())
    wanted = request.GET.get("name")
    return answer([each for each in found if wanted is None or each["name"] == wanted])


@operation(PUBLIC, "GET")
def service(request: HttpRequest, caller: Caller, service: str) -> HttpResponse:
    """One item, as a list of one: the suite asks for a list where the description has an object."""
    row = queries.item(service)
    if row is None:
        raise Http404
    return answer([{**shapes.services([row])[0], "id": service}])


@operation(PUBLIC, "GET")
def service_forms(request: HttpRequest, caller: Caller, service: str) -> HttpResponse:
    """The form of an item."""
    row = queries.item(service)
    if row is None:
        raise Http404
    return answer([shapes.form_line(row)])


@operation(PUBLIC, "GET")
def form(request: HttpRequest, caller: Caller, form: str) -> HttpResponse:
    """A form with its JSON Schema."""
    row = queries.item_of_form(form)
    if row is None:
        raise Http404
    return answer(shapes.form(row, form))


@operation(REQUIRED, "POST", applicant=("applications.write",))
def service_applications(request: HttpRequest, caller: Caller, service: str) -> HttpResponse:
    """Begin an application file; it is handed in where it is whole, else it stays a draft and says what it lacks."""
    row = queries.item(service)
    if row is None:
        raise Http404
    if caller.applicant is None:
        raise _no_side()
    sent = _submitted(request)
    with wall.standing(caller.applicant.wall()):
        made, lacking = actions.begin(caller.client, row, sent, caller.applicant)
    found, _reader = queries.application(caller, str(made.case.uuid))
    return answer({**shapes.Files([found]).file(found, lacking), "serviceId": service})


@operation(REQUIRED, "GET", **READ)
def applications(request: HttpRequest, caller: Caller) -> HttpResponse:
    """The application files that the caller may see."""
    return answer(shapes.Files(queries.applications(caller, request.GET)).lines())


def application(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """One application file: read, or gone on with."""
    view = _change if request.method == "PUT" else _read
    return view(request, **kwargs)


@operation(REQUIRED, "GET", **READ)
def _read(request: HttpRequest, caller: Caller, file: str) -> HttpResponse:
    row, _reader = queries.application(caller, file)
    return answer({**shapes.Files([row]).file(row), "fileId": file})


@operation(REQUIRED, "PUT", applicant=("applications.read", "applications.write"), officer=("cases.read",))
def _change(request: HttpRequest, caller: Caller, file: str) -> HttpResponse:
    row, _reader = queries.application(caller, file)
    if caller.applicant is None:
        raise _no_side()
    sent = _submitted(request)
    with wall.standing(caller.applicant.wall()):
        lacking = actions.go_on(caller.client, row, sent, caller.applicant)
    row, _reader = queries.application(caller, file)
    return answer({**shapes.Files([row]).file(row, lacking), "fileId": file})


application.access = _read.access  # type: ignore[attr-defined]
application.csrf_exempt = True  # type: ignore[attr-defined]  # either view decides for itself who calls


@operation(OPTIONAL, "GET", officer=("inbox.read",))
def tasks(request: HttpRequest, caller: Caller) -> HttpResponse:
    """The open work orders that the caller's officer may see."""
    rows = queries.tasks(caller, request.GET)
    shown = shapes.Tasks(rows)
    return answer([shown.line(row) for row in rows])


@operation(OPTIONAL, "GET", "POST", officer=("inbox.read",))
def task(request: HttpRequest, caller: Caller, task: str) -> HttpResponse:
    """One work order. What there is not is told before what cannot be done with it."""
    row = queries.task(caller, task)
    if request.method != "GET":
        return fault(405, "method", _("不支持这个方法。"))
    return answer({**shapes.Tasks([row]).detail(row), "taskId": task})


@operation(OPTIONAL, "POST", officer=("inbox.read", "orders.write"))
def task_complete(request: HttpRequest, caller: Caller, task: str) -> HttpResponse:
    """Report a work order done."""
    row = queries.task(caller, task)
    assert caller.officer is not None  # who has no officer finds no task
    if request.content_type != "application/json":
        raise Refused(_("请用 JSON 发送。"))
    sent = SafeParser().parse_body(request)
    data = sent.get("data", {}) if isinstance(sent, dict) else None
    if not isinstance(data, dict):
        raise Refused(_("data 应当是对象。"), field="data")
    with wall.standing(caller.officer.wall()):
        actions.complete(row, data, caller.officer)
    row = queries.task(caller, task)
    about = shapes.Tasks([row]).about(row)
    known = {name: about[name] for name in ("fileId", "serviceId") if name in about}
    return answer({"taskId": task, **known, "status": shapes.status_of_task(row), "variables": {}})


@operation(OPTIONAL, "POST", applicant=("files.write",), officer=("files.write",))
def documents(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Take one file in: a part of a form named `file`, or its content in base64 in a field of that name."""
    if not caller.readers:
        if caller.client:
            raise _no_side()
        raise Refused(_("请在请求头 Information-Mediator-Client 中说明是哪个客户。"), field="file")
    reader = caller.applicant or caller.readers[0]
    parts, texts = request.FILES.getlist("file"), request.POST.getlist("file")
    if len(parts) + len(texts) != 1:
        raise Refused(_("请在 file 中上传一份文件。"), field="file")
    if parts and (parts[0].size or 0) > MOST_BYTES:
        raise HttpError(413, _("文件过大，最多 10 MB。"))
    content = parts[0].read() if parts else _decoded(texts[0])
    label = (parts[0].name if parts else "") or request.GET.get("additionalMetadata", "")
    stored = evidence.store(
        content, actor=reader.actor(), kind=EvidenceKind.MATERIAL, name=label.replace("\0", "")[:200]
    )
    said = {"code": 200, "type": stored.media_type, "message": stored.digest}
    return answer({**said, "url": f"/evidence/{stored.uuid}/"})


@operation(REQUIRED, "GET", **READ)
def service_statistics(request: HttpRequest, caller: Caller) -> HttpResponse:
    """How many applications were handled."""
    return answer([statistics.counted(caller, request.GET)])


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(_("file 不是有效的 base64。"), field="file") from None


def _no_side() -> Refused:
    return Refused(_("这个客户没有办理此事的令牌，或者令牌缺少范围。"), code="forbidden")


def _submitted(request: HttpRequest) -> Submitted:
    """What was sent of an application file, as JSON or as a form."""
    if request.content_type == "application/json":
        sent = SafeParser().parse_body(request)
    else:
        sent = request.POST.dict()
    if not isinstance(sent, dict):
        raise Refused(_("请求内容应当是对象。"))
    applicant = sent.get("applicantId")
    if not isinstance(applicant, str) or not queries.NAME.fullmatch(applicant):
        raise Refused(_("请给出 applicantId（1 到 100 个字符）。"), field="applicantId")
    filled, urls = sent.get("formData", {}), sent.get("documentUrls", [])
    if not isinstance(filled, dict) or not isinstance(filled.get("data", {}), dict):
        raise Refused(_("formData 应当是对象。"), field="formData")
    if (
        not isinstance(urls, list)
        or len(urls) > MOST_DOCUMENTS
        or not all(isinstance(each, str) for each in urls)
    ):
        raise Refused(
            _("documentUrls 应当是最多 %(most)d 个地址的列表。") % {"most": MOST_DOCUMENTS},
            field="documentUrls",
        )
    answers = {
        code: _value(code, value) for code, value in filled.get("data", {}).items() if value not in ({}, None)
    }
    form = filled.get("eFormId") or ""
    return Submitted(applicant, answers, str(form), urls)


def _value(code: str, value: Any) -> Any:
    """An answer, bare or as `{"value": …}`; an empty object says nothing and was left out before."""
    if isinstance(value, dict):
        if set(value) != {"value"}:
            raise Refused(_('字段 %(code)s 应为值，或者 {"value": 值}。') % {"code": code}, field="formData")
        value = value["value"]
    if isinstance(value, dict) or (
        isinstance(value, list) and not all(isinstance(each, str) for each in value)
    ):
        raise Refused(_('字段 %(code)s 应为值，或者 {"value": 值}。') % {"code": code}, field="formData")
    return value

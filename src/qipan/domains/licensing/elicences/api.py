"""Calling e-licences by program (证照调用): registered systems only, for registered items, with leave or by law."""

import datetime
import uuid as uuids
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from ninja import Query, Router, Schema
from ninja.errors import Throttled
from pydantic import Field

from qipan.domains.licensing.elicences import calling, face, queries
from qipan.domains.licensing.elicences.models import Call
from qipan.kernel.accounts import limits
from qipan.kernel.accounts.limits import Rate
from qipan.kernel.documents import queries as documents
from qipan.kernel.documents.models import Document
from qipan.kernel.subjects import queries as subjects
from qipan.kernel.subjects.standing import standing
from qipan.ui.access import api
from qipan.ui.interface import problems
from qipan.ui.interface.reading import KEY_HEADER, Code, Number, Words, scoped_key

router = Router()
MOST = 100


class CallIn(Schema):
    """Which licence is called, and what for."""

    model_config = {"extra": "forbid"}
    number: Code = Field(description="证照编号")
    item: Code = Field(description="调用方自己的事项编码，须已登记")
    purpose: Words = Field(description="用途，与登记的一致")
    matter: Code = Field("", description="调用方的办件编号，便于持证人查对")


class Line(Schema):
    """A line of the licence."""

    title: str
    text: str


class CalledLicence(Schema):
    """A licence as a system that may call it gets it."""

    number: str
    kind: str
    title: str
    state: str = Field(
        description="今天的状态：VALID、SUSPENDED、EXPIRED、REVOKED、RESCINDED、WITHDRAWN、CANCELLED"
    )
    state_text: str
    holder: str
    holder_code: str = Field(description="统一社会信用代码")
    valid_from: datetime.date
    valid_to: datetime.date | None = Field(description="空为长期")
    lines: list[Line] = Field(description="证面内容")


class CallOut(Schema):
    """A call that was given."""

    uuid: uuids.UUID
    at: datetime.datetime
    basis: str = Field(description="CONSENT 持证人授权，LAW 法律规定")
    law: str
    licence: CalledLicence
    file: str = Field(description="证照文件的地址，24 小时内可以下载；证照不在有效状态或者没有文件时为空")


class CallRow(Schema):
    """One line of a log of calls."""

    uuid: uuids.UUID
    at: datetime.datetime
    caller: str
    item: str
    item_name: str
    purpose: str
    basis: str
    given: bool
    reason: str = Field(description="没有提供的理由")
    number: str
    kind: str
    material: str = Field(description="因此不用提交的材料")


def _row(row: Call) -> dict[str, Any]:
    return {
        "uuid": row.uuid,
        "at": row.at,
        "caller": row.caller,
        "item": row.item_code,
        "item_name": row.item_name,
        "purpose": row.purpose,
        "basis": row.basis,
        "given": row.given,
        "reason": row.reason,
        "number": row.number,
        "kind": row.kind,
        "material": row.material,
    }


def _out(row: Call) -> dict[str, Any]:
    grant = row.grant
    assert grant is not None
    held = standing(grant)
    return {
        "uuid": row.uuid,
        "at": row.at,
        "basis": row.basis,
        "law": row.law,
        "licence": {
            "number": grant.number,
            "kind": grant.kind,
            "title": grant.title,
            "state": held.code,
            "state_text": held.text,
            "holder": grant.subject.name,
            "holder_code": subjects.uscc_of(grant.subject),
            "valid_from": grant.valid_from,
            "valid_to": grant.valid_to,
            "lines": [{"title": title, "text": text} for title, text in face.lines_of(grant, masked=False)],
        },
        "file": f"/api/v1/licence-calls/{row.uuid}/file" if row.document_id else "",
    }


@router.post(
    "",
    response=CallOut,
    auth=api("licences.call"),
    summary=gettext_noop("调用一张证照（须有持证人授权或者法律依据）"),
    openapi_extra=KEY_HEADER,
)
def call_licence(request: HttpRequest, body: CallIn) -> Any:
    """Data of a licence for a registered item; 403 with the reason where it is refused. Both are in the holder's log."""
    reader = request.reader  # type: ignore[attr-defined]
    system = calling.system_of(reader)
    rate = Rate(system.a_minute if system else 10, 60)
    if not limits.take(f"licence:call:{reader.user_id}", rate):
        raise Throttled(wait=60 // rate.burst + 1)
    wish = calling.Wish(body.number, body.item, body.purpose, body.matter)
    row = calling.call(wish, reader, key=f"licence-call:{scoped_key(request)}")
    if not row.given:
        return problems.problem("forbidden", row.reason)
    return _out(row)


@router.get("/{uuid}/file", auth=api("licences.call"), summary=gettext_noop("下载调用到的证照文件（PDF）"))
def called_file(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """The newest file of a called licence, within 24 hours of the call and while the licence is in force."""
    row = calling.file_of(uuid, request.reader)  # type: ignore[attr-defined]
    grant = row.grant if row else None
    if grant is None or not standing(grant).good:
        raise Http404
    document = Document.objects.select_related("template").filter(pk=grant.document_id).first()
    if document is None:
        raise Http404
    answer = HttpResponse(documents.file_of(document), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{document.code}.pdf"'
    answer["Cache-Control"] = "private, no-store"
    return answer


@router.get("", response=list[CallRow], auth=api("licences.call"), summary=gettext_noop("本系统的调用记录"))
def own_calls(
    request: HttpRequest, before: datetime.datetime | None = Query(None, description="早于这个时间的")
) -> Any:
    """The calls of one's own system, newest first, at most 100."""
    system = calling.system_of(request.reader)  # type: ignore[attr-defined]
    if system is None:
        return problems.problem("forbidden", _("这个账户没有登记为证照调用方。"))
    rows = queries.calls_of_system(system)
    return [_row(row) for row in (rows.filter(at__lt=before) if before else rows)[:MOST]]


@router.get(
    "/of-my-licences",
    response=list[CallRow],
    auth=api("subjects.read", kinds=("business", "public")),
    summary=gettext_noop("谁调用了我的证照"),
)
def calls_of_my_licences(
    request: HttpRequest, grant: Number | None = Query(None, description="证照的 id，见 /grants")
) -> Any:
    """The log of the holder: who called which licence, when, for what, given or refused; at most 100."""
    reader = request.reader  # type: ignore[attr-defined]
    rows = queries.calls_of_mine(reader)
    return [_row(row) for row in (rows.filter(grant_id=grant) if grant else rows)[:MOST]]

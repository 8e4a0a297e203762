"""Cases for both sides: where one stands, what it is waiting for, its documents, and taking a step."""

import datetime
import uuid as uuids
from typing import Annotated, Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext_noop
from ninja import Query, Router, Schema
from pydantic import Field

from qipan.kernel.documents import queries as documents
from qipan.kernel.documents.models import Document
from qipan.kernel.flow import queries
from qipan.kernel.flow.models import Case
from qipan.kernel.flow.queries import CaseFilters
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.reader import Reader
from qipan.portal import casepage
from qipan.ui import cases
from qipan.ui.access import api
from qipan.ui.interface.reading import KEY_HEADER, Code, Number, Text, Words, scoped_key

router = Router()
PAGE = 50


class CaseLine(Schema):
    """A case as a list shows it."""

    uuid: uuids.UUID
    number: str
    title: str
    state: str
    state_title: str
    result: str
    subject: int | None
    unit: str
    opened_at: datetime.datetime
    due_on: datetime.date | None
    closed_at: datetime.datetime | None
    version: int = Field(description="每一步加一；办理时带上，防止覆盖他人的更新")


class CasePage(Schema):
    """A page of cases."""

    cases: list[CaseLine]
    before: int | None = Field(description="下一页的 before；空为没有了")


class Limit(Schema):
    """A limit of the case by law."""

    rule: str
    source: str
    started_at: datetime.datetime
    due_on: datetime.date | None
    state: str
    state_title: str
    provisional: bool = Field(description="节假日安排尚未公布，期限会重新计算")


class DocumentLine(Schema):
    """A document of the case."""

    uuid: uuids.UUID
    template: str
    title: str
    number: str
    state: str
    state_title: str
    code: str = Field(description="核验码")
    issued_at: datetime.datetime | None
    file: str = Field(description="下载地址；还在制作时为空")


class Happened(Schema):
    """One line of the history."""

    at: datetime.datetime
    title: str
    who: str
    reason: str


class StepOffer(Schema):
    """A step that the caller may take now, and what still stands against it."""

    code: str
    title: str
    law: str
    reason_required: bool
    refusals: list[str]


class CaseDetail(CaseLine):
    """One case with limits, documents, history and the steps that the caller may take."""

    limits: list[Limit]
    documents: list[DocumentLine]
    timeline: list[Happened]
    steps: list[StepOffer]


class StepIn(Schema):
    """A step to take. `fields` are those that the step's form asks for, e.g. `points` (告知补正) or `opinion` (审查)."""

    model_config = {"extra": "forbid"}
    reason: Text = Field("", description="理由；reason_required 时必填")
    version: int | None = Field(
        None, description="看到的版本；与现在的不同则拒绝（stale）", ge=1, le=2**31 - 1
    )
    fields: Annotated[dict[Code, Text | list[Text]], Field(max_length=40)] = Field(
        {}, description="操作的其他内容，例如 points、opinion"
    )


def _units(rows: list[Case]) -> dict[str, str]:
    paths = {row.org_path for row in rows}
    return {path: orgs.unit_at(path).name for path in paths if path}


def case_line(row: Case, units: dict[str, str]) -> dict[str, Any]:
    """A case for a list."""
    return {
        "uuid": row.uuid,
        "number": row.number,
        "title": row.title,
        "state": row.state,
        "state_title": str(row.state_title),
        "result": row.result,
        "subject": row.subject_id,
        "unit": units.get(row.org_path, ""),
        "opened_at": row.opened_at,
        "due_on": row.due_on,
        "closed_at": row.closed_at,
        "version": row.version,
    }


def document_lines(case: Case) -> list[dict[str, Any]]:
    """The documents of a case that the caller may see."""
    return [
        {
            "uuid": row.uuid,
            "template": row.template.code,
            "title": row.template.title,
            "number": row.number,
            "state": row.state,
            "state_title": str(row.get_state_display()),
            "code": row.code,
            "issued_at": row.issued_at,
            "file": f"/api/v1/documents/{row.uuid}" if row.digest else "",
        }
        for row in documents.of_record(Case._meta.label_lower, case.pk)
    ]


def _detail(case: Case, reader: Reader) -> dict[str, Any]:
    return {
        **case_line(case, _units([case])),
        "limits": [
            {
                "rule": clock.rule,
                "source": clock.source,
                "started_at": clock.started_at,
                "due_on": clock.due_on,
                "state": clock.state,
                "state_title": str(clock.state_title),
                "provisional": clock.provisional,
            }
            for clock in queries.clocks(case)
        ],
        "documents": document_lines(case),
        "timeline": [
            {"at": line.at, "title": line.title, "who": line.who, "reason": line.reason}
            for line in casepage.history(case, reader)
        ],
        "steps": [
            {
                "code": offer.code,
                "title": str(offer.title),
                "law": casepage.law_words(offer.transition.law),
                "reason_required": offer.transition.reason_required,
                "refusals": [str(refusal.message) for refusal in offer.refusals],
            }
            for offer in queries.offers(case, reader)
        ],
    }


def found(request: HttpRequest, uuid: uuids.UUID) -> Case:
    """The case, if the caller may see it. Raises Http404."""
    case = queries.case_for(request.reader, uuid)  # type: ignore[attr-defined]
    if case is None:
        raise Http404
    return case


@router.get("/cases", response=CasePage, auth=api("cases.read"), summary=gettext_noop("查找办件"))
def case_list(
    request: HttpRequest,
    q: Words = Query("", description="编号、名称或者主体"),
    flow: Code = Query("", description="流程代码，例如 licensing.application"),
    state: Code = Query("", description="状态代码"),
    open_only: bool = Query(False, description="只看没有办结的"),
    before: Number | None = Query(None, description="上一页给出的 before"),
) -> Any:
    """The cases that the caller may see, newest first, 50 a page: one's own, or those of one's units."""
    filters = CaseFilters(flow=flow, states=(state,) if state else (), open_only=open_only)
    rows = queries.search_cases(
        request.reader,  # type: ignore[attr-defined]
        q,
        filters,
        before=before,
        limit=PAGE + 1,
    )
    page, units = rows[:PAGE], _units(rows[:PAGE])
    return {
        "cases": [case_line(row, units) for row in page],
        "before": page[-1].pk if len(rows) > PAGE else None,
    }


@router.get("/cases/{uuid}", response=CaseDetail, auth=api("cases.read"), summary=gettext_noop("一个办件"))
def case_detail(request: HttpRequest, uuid: uuids.UUID) -> Any:
    """State, limits, documents, history, and what the caller may do."""
    return _detail(found(request, uuid), request.reader)  # type: ignore[attr-defined]


@router.post(
    "/cases/{uuid}/steps/{code}",
    response=CaseDetail,
    auth=api("cases.write"),
    summary=gettext_noop("办理一步（撤回、整改完成、受理、补正、审查、决定等）"),
    openapi_extra=KEY_HEADER,
)
def take_step(request: HttpRequest, uuid: uuids.UUID, code: Code, body: StepIn) -> Any:
    """Take a step that `steps` of the case offers; the same Idempotency-Key gives the same result."""
    key = scoped_key(request)
    case = found(request, uuid)
    reader = request.reader  # type: ignore[attr-defined]
    casepage.fire_as(
        reader,
        case,
        code,
        posted=_posted(case, code, body),
        reason=body.reason,
        key=key,
        version=body.version,
    )
    fresh = queries.case_for(reader, uuid)
    # Who has discarded a draft, or handed a case to another unit, may no longer see it.
    return _detail(fresh or Case.objects.get(pk=case.pk), reader)


def _posted(case: Case, code: str, body: StepIn) -> QueryDict:
    """The fields as the page of the step would post them, so that both are read by the same function."""
    posted = QueryDict(mutable=True)
    for name, value in body.fields.items():
        posted[name] = "\n".join(value) if isinstance(value, list) else value
    return posted


@router.get(
    "/cases/{uuid}/documents",
    response=list[DocumentLine],
    auth=api("documents.read"),
    summary=gettext_noop("一个办件的文书"),
)
def case_documents(request: HttpRequest, uuid: uuids.UUID) -> Any:
    """The documents of a case, oldest first."""
    return document_lines(found(request, uuid))


@router.get(
    "/documents/{uuid}",
    auth=api("documents.read"),
    summary=gettext_noop("下载文书"),
    openapi_extra={
        "responses": {
            200: {
                "description": "OK",
                "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
            }
        }
    },
)
def document_file(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """The sealed PDF, to those who may see it."""
    rows = Document.objects.visible_to(request.reader).select_related("template")  # type: ignore[attr-defined]
    row = rows.filter(uuid=uuid).first()
    if row is None:
        raise Http404
    if why := cases.held(row.record_kind, row.record_id, request.reader):  # type: ignore[attr-defined]
        raise Refused(why, code="state")
    answer = HttpResponse(documents.file_of(row), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{row.code}.pdf"'
    answer["Cache-Control"] = "private, no-store"
    return answer

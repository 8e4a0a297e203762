"""Applying by program: draft, answers, hand-in. How a case goes on, the interface of cases says."""

import datetime
import uuid as uuids
from typing import Annotated, Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, Q, UUIDField
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from ninja import Router, Schema, Status
from pydantic import Field

from qipan.conf.composed import Composed
from qipan.domains.licensing import actions
from qipan.domains.licensing.asking import form_of
from qipan.domains.licensing.drafting import ApplicationDraft
from qipan.domains.licensing.models import Application, Kind
from qipan.kernel.accounts.queries import masked
from qipan.kernel.forms import schema
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects import mandates
from qipan.ui.access import api
from qipan.ui.interface import problems
from qipan.ui.interface.reading import KEY_HEADER, Code, Number, Text, scoped_key

router = Router()
APPLICANTS = ("business", "public")
Plain = bool | int | float | Text | list[Text] | None
#: A field's answer, or the rows of a group.
Answer = Plain | Annotated[list[dict[Code, Plain]], Field(max_length=200)]


class DraftIn(Schema):
    """What an application is about."""

    model_config = {"extra": "forbid"}
    item: Code = Field(description="事项编码")
    subject: Number | None = Field(None, description="经营主体的 id，见 /subjects；设立登记没有，其他必填")
    grant: Number | None = Field(None, description="证照的 id，见 /grants；变更、延续、补办、注销时必填")


class AnswersIn(Schema):
    """Everything that is filled in, by field code; it replaces what was saved before."""

    model_config = {"extra": "forbid"}
    answers: Annotated[dict[Code, Answer], Field(max_length=200)]
    revision: int | None = Field(
        None, description="看到的草稿版次；他人保存过则拒绝（stale），不会覆盖", ge=0, le=2**31 - 1
    )


class SubmitIn(Schema):
    """Handing in."""

    model_config = {"extra": "forbid"}
    version: int | None = Field(
        None, description="看到的版本；与现在的不同则拒绝（stale）", ge=1, le=2**31 - 1
    )


class People(Schema):
    """A person that the form names, masked."""

    name: str
    phone: str


class FormNews(Schema):
    """What the form in force asks otherwise than the version that the draft was filled in by."""

    kind: str = Field(description="ADDED 新增，DROPPED 不再填写，STRICTER 要求更严，OTHER 有改动")
    field: str
    title: str
    text: str


class ApplicationOut(Schema):
    """An application: what it is about, what was filled in, how it is handled."""

    uuid: uuids.UUID
    item: str
    item_name: str
    kind: str
    state: str
    state_title: str
    version: int
    revision: int = Field(description="草稿版次：每次保存有变化加一")
    form_version: datetime.date | None = Field(description="填写时表单的版本（生效日期）")
    form_news: list[FormNews] = Field(description="现行表单与填写时的版本的不同；提交时按现行版本核对")
    number: str = Field(description="办件编码；提交后才有")
    mode: str = Field(description="AUTO 秒批，INSTANT 即来即办，NORMAL 普通程序；提交后才有")
    mode_reasons: list[str] = Field(description="没有由决策表自动准予的原因")
    known: dict[str, Any] = Field(description="平台已知、不必填写的字段")
    answers: dict[str, Any] = Field(description="已填写的内容；个人信息不在其中")
    contact: People | None
    manager: People | None
    correction: list[str] = Field(description="需要补正的内容")
    subject: int | None
    grant: str = Field(description="原证照编号")
    result_grant: str = Field(description="办结后的证照编号")
    submitted_at: datetime.datetime | None
    decided_at: datetime.datetime | None
    case: str = Field(description="办件的地址：进度、期限、文书、可以办理的操作")


def _person(row: Any) -> dict[str, str] | None:
    return {"name": masked(row).name, "phone": masked(row).phone} if row else None


def _out(row: Application) -> dict[str, Any]:
    case = row.case
    return {
        "uuid": case.uuid,
        "item": row.item_code,
        "item_name": actions.item_of(row).name,
        "kind": row.kind,
        "state": case.state,
        "state_title": str(case.state_title),
        "version": case.version,
        "revision": row.revision,
        "form_version": row.form_version,
        "form_news": [
            {"kind": one.kind, "field": one.code, "title": one.title, "text": one.text}
            for one in (ApplicationDraft(row).news() if case.state in {"DRAFT", "CORRECTION"} else ())
        ],
        "number": case.number,
        "mode": row.mode,
        "mode_reasons": [str(reason) for reason in row.mode_reasons],
        "known": row.known,
        "answers": row.answers,
        "contact": _person(row.contact),
        "manager": _person(row.manager),
        "correction": row.correction,
        "subject": case.subject_id,
        "grant": row.grant.number if row.grant else "",
        "result_grant": row.result_grant.number if row.result_grant else "",
        "submitted_at": row.submitted_at,
        "decided_at": row.decided_at,
        "case": f"/api/v1/cases/{case.uuid}",
    }


#: `Application.scope` for those who are no staff: who opened it, whose business it is about, whom that authorised.
_OWN = Composed(
    lambda hole: Application.objects.filter(
        Q(case__opened_by=hole("user", BigIntegerField()))
        | Q(case__subject_id__among=hole("subjects", ArrayField(BigIntegerField())))
        | Q(pk__among=hole("mandated", ArrayField(BigIntegerField()))),
        case__uuid=hole("uuid", UUIDField()),
    ).select_related("case", "contact", "manager", "grant", "result_grant")
)
_KNOWN = Composed(
    lambda hole: Application.objects.filter(case__uuid=hole("uuid", UUIDField())).values_list("pk", flat=True)
)


def _own(request: HttpRequest, uuid: uuids.UUID) -> Application:
    reader = request.reader  # type: ignore[attr-defined]
    if reader.kind not in APPLICANTS:
        raise Http404
    row: Application | None = _OWN.first(
        uuid=uuid,
        user=reader.user_id,
        subjects=sorted(reader.subject_ids),
        mandated=sorted(mandates.cases_within(reader)),
    )
    if row is None:
        raise Http404
    return row


@router.put(
    "/{uuid}",
    response={200: ApplicationOut, 201: ApplicationOut},
    auth=api("applications.write", kinds=APPLICANTS),
    summary=gettext_noop("建立草稿（uuid 由您生成，重发得到同一份）"),
)
def draft(request: HttpRequest, uuid: uuids.UUID, body: DraftIn) -> Any:
    """Begin an application; the identifier is the client's, so a repeated call changes nothing."""
    reader = request.reader  # type: ignore[attr-defined]
    item = items.item(body.item)
    subject = mandates.subject_for(reader, body.subject, item=body.item) if body.subject else None
    if subject is None and (body.subject or item is None or item.handling != Kind.REGISTER):
        raise Refused(_("您不是该主体的代表人，也没有办理这个事项的委托，不能代为办理。"), field="subject")
    grant = mandates.grant_for(reader, body.grant, item=body.item) if body.grant else None
    if body.grant and grant is None:
        raise Refused(_("请选择该主体名下的一张证照。"), field="grant")
    known = _KNOWN.first(uuid=uuid) is not None
    row = actions.start(body.item, uuid=uuid, reader=reader, subject=subject, grant=grant, channel="api")
    return Status(200 if known else 201, _out(row))


@router.get(
    "/{uuid}",
    response=ApplicationOut,
    auth=api("applications.read", kinds=APPLICANTS),
    summary=gettext_noop("一份申请"),
)
def application(request: HttpRequest, uuid: uuids.UUID) -> Any:
    """One's own application."""
    return _out(_own(request, uuid))


@router.get(
    "/{uuid}/schema",
    response=dict[str, Any],
    auth=api("applications.read", kinds=APPLICANTS),
    summary=gettext_noop("这份申请还要填写的内容（JSON Schema）"),
)
def answers_schema(request: HttpRequest, uuid: uuids.UUID) -> Any:
    """What the answers of this application must be; what is known already is not asked."""
    row = _own(request, uuid)
    return schema.of_form(form_of(row), known=row.known)


@router.put(
    "/{uuid}/answers",
    response=ApplicationOut,
    auth=api("applications.write", kinds=APPLICANTS),
    summary=gettext_noop("保存填写的内容（草稿可以不全，不能有错）"),
)
def answers(request: HttpRequest, uuid: uuids.UUID, body: AnswersIn) -> Any:
    """Keep what is right and tell what is wrong, field by field; only in DRAFT and CORRECTION."""
    row = _own(request, uuid)
    codes = form_of(row).codes
    if strangers := [code for code in body.answers if code not in codes]:
        told = {code: _("表单没有这个字段。") for code in strangers}
        return problems.field_problems(told, "answers")
    result = actions.save(row, body.answers, request.reader, seen=body.revision)  # type: ignore[attr-defined]
    if result.errors:
        return problems.field_problems(result.errors, "answers")
    return _out(row)


@router.post(
    "/{uuid}/submit",
    response=ApplicationOut,
    auth=api("applications.write", kinds=APPLICANTS),
    summary=gettext_noop("提交（补正后也用它再次提交）"),
    openapi_extra=KEY_HEADER,
)
def submit(request: HttpRequest, uuid: uuids.UUID, body: SubmitIn) -> Any:
    """Hand in. Where the rules may grant, the answer already says GRANTED; the documents follow within seconds."""
    key = scoped_key(request)
    row = _own(request, uuid)
    try:
        actions.submit(row, request.reader, key=key, expected_version=body.version)  # type: ignore[attr-defined]
    except Refused as refusal:
        return _submission_refused(refusal)
    return _out(_own(request, uuid))


def _submission_refused(refusal: Refused) -> HttpResponse:
    """What is wrong in the form stands below /answers, where the program sent it."""
    return problems.refused(refusal, under=("answers",))

"""Rating by program, by the same actions as on the page."""

import datetime
import uuid as uuids
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext_noop
from ninja import Router, Schema
from pydantic import Field

from qipan.domains.licensing.evaluation import actions, queries
from qipan.domains.licensing.evaluation.models import Channel, Evaluation
from qipan.domains.licensing.models import Application
from qipan.kernel.subjects import mandates
from qipan.ui.access import api
from qipan.ui.interface.reading import Code, Text

router = Router()
APPLICANTS = ("business", "public")


class EvaluationIn(Schema):
    """A rating; given once."""

    model_config = {"extra": "forbid"}
    level: int = Field(description="5 非常满意，4 满意，3 基本满意，2 不满意，1 非常不满意", ge=1, le=5)
    tags: Annotated[list[Code], Field(max_length=10)] = Field(
        [], description="FAST CLEAR KIND EASY SLOW UNCLEAR RUDE EXTRA TRIPS BROKEN"
    )
    words: Text = Field("", description="评价内容，最多 500 字")


class Answer(Schema):
    """What followed a bad rating."""

    round: int
    due_on: datetime.date | None = Field(description="答复期限")
    finding: str
    reply: str
    replied_at: datetime.datetime | None
    resolved: bool | None = Field(description="申请人确认是否解决")


class EvaluationOut(Schema):
    """A rating and what followed."""

    level: int
    tags: list[str]
    words: str
    at: datetime.datetime
    addition: str
    answers: list[Answer]


def _own(request: HttpRequest, uuid: uuids.UUID) -> Application:
    row = queries.application_for(request.reader, uuid)  # type: ignore[attr-defined]
    if row is None:
        raise Http404
    return row


def _out(row: Evaluation) -> dict[str, Any]:
    return {
        "level": row.level,
        "tags": row.tags,
        "words": row.words,
        "at": row.at,
        "addition": row.addition,
        "answers": [
            {
                "round": one.round,
                "due_on": one.order.due_on,
                "finding": one.finding,
                "reply": one.reply,
                "replied_at": one.replied_at,
                "resolved": one.resolved,
            }
            for one in queries.follow_ups_of(row)
        ],
    }


@router.put(
    "/{uuid}/evaluation",
    response=EvaluationOut,
    auth=api("applications.write", kinds=APPLICANTS),
    summary=gettext_noop("评价一次办理（自愿；差评由单位负责人核实）"),
)
def evaluate(request: HttpRequest, uuid: uuids.UUID, body: EvaluationIn) -> Any:
    """Rate an ended case of one's own, once; the same again changes nothing."""
    row = _own(request, uuid)
    reader = request.reader  # type: ignore[attr-defined]
    actor = mandates.acting(reader, "", case=row.pk, subject_id=row.case.subject_id)
    made = actions.rate(row, actor, level=body.level, tags=body.tags, words=body.words, channel=Channel.API)
    return _out(made)


@router.get(
    "/{uuid}/evaluation",
    response=EvaluationOut,
    auth=api("applications.read", kinds=APPLICANTS),
    summary=gettext_noop("一次办理的评价和答复"),
)
def evaluation(request: HttpRequest, uuid: uuids.UUID) -> Any:
    """What was said of a case of one's own, and what was answered."""
    known = queries.evaluation_of(_own(request, uuid))
    if known is None:
        raise Http404
    return _out(known)

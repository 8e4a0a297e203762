"""Whose token it is, and what its owner acts for."""

import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop
from ninja import Router, Schema
from pydantic import Field

from qipan.kernel.subjects import mandates
from qipan.kernel.subjects import queries as subjects
from qipan.ui.access import api

router = Router()
APPLICANTS = ("business", "public")


class Power(Schema):
    """A role in a unit and everything below it."""

    role: str
    org_path: str
    line: str = ""


class Account(Schema):
    """The account behind the token."""

    id: int
    name: str
    kind: str = Field(description="staff 工作人员，business 经营者，public 公众")
    scopes: list[str] = Field(description="令牌的范围；用会话时为空")
    roles: list[Power] = Field(description="工作人员的角色和机构")


class OwnSubject(Schema):
    """A market subject for which the account acts."""

    id: int
    name: str
    code: str = Field(description="统一社会信用代码，没有的为其他标识")
    status: str
    domicile: str


class OwnGrant(Schema):
    """A licence or filing of one's own subjects."""

    id: int
    number: str
    kind: str = Field(description="JY 食品经营许可，YB 仅销售预包装食品备案")
    title: str
    state: str
    valid_from: datetime.date
    valid_to: datetime.date | None
    subject: int
    subject_name: str
    address: str


class HeldMandate(Schema):
    """A business that lets the account act in its name (委托代办), and what for."""

    number: str
    subject: int
    subject_name: str
    acts: list[str] = Field(description="FILL 填写，SUBMIT 提交，WITHDRAW 撤回，RECEIVE 领取文书")
    items: list[str] = Field(description="事项编码；空为全部")
    valid_from: datetime.date
    valid_to: datetime.date
    grants: list[int] = Field(description="可以据以申请的证照的 id")


@router.get("/account", response=Account, auth=api("account.read"), summary=gettext_noop("令牌所属的账户"))
def account(request: HttpRequest) -> Any:
    """Who is calling, with which scopes and roles."""
    reader = request.reader  # type: ignore[attr-defined]
    token = request.token  # type: ignore[attr-defined]
    return {
        "id": reader.user_id,
        "name": str(request.user),
        "kind": reader.kind,
        "scopes": list(token.scopes) if token else [],
        "roles": [
            {"role": power.role, "org_path": power.org_path, "line": power.line} for power in reader.powers
        ],
    }


@router.get(
    "/subjects",
    response=list[OwnSubject],
    auth=api("subjects.read", kinds=APPLICANTS),
    summary=gettext_noop("所代表的经营主体"),
)
def own_subjects(request: HttpRequest) -> Any:
    """The subjects for which one may apply."""
    rows = subjects.own_subjects(request.reader).prefetch_related("identifiers")  # type: ignore[attr-defined]
    return [
        {
            "id": row.pk,
            "name": row.name,
            "code": subjects.uscc_of(row),
            "status": row.status,
            "domicile": row.domicile,
        }
        for row in rows
    ]


@router.get(
    "/mandates",
    response=list[HeldMandate],
    auth=api("subjects.read", kinds=APPLICANTS),
    summary=gettext_noop("受委托代办的主体和权限"),
)
def held_mandates(request: HttpRequest) -> Any:
    """The powers of attorney under which the account acts today."""
    reader = request.reader  # type: ignore[attr-defined]
    rows = mandates.agents_of(one.number for one in reader.mandates)
    held: dict[int, list[int]] = {}
    for pk, subject in mandates.grants_for(reader, act="").values_list("pk", "subject_id")[:500]:
        held.setdefault(subject, []).append(pk)
    return [
        {
            "number": row.number,
            "subject": row.subject_id,
            "subject_name": row.subject.name,
            "acts": row.acts,
            "items": row.items,
            "valid_from": row.valid_from,
            "valid_to": row.valid_to,
            "grants": held.get(row.subject_id, []),
        }
        for row in rows.values()
    ]


@router.get(
    "/grants",
    response=list[OwnGrant],
    auth=api("subjects.read", kinds=APPLICANTS),
    summary=gettext_noop("所代表主体的证照"),
)
def own_grants(request: HttpRequest) -> Any:
    """The licences and filings of one's own subjects, newest first."""
    return [
        {
            "id": row.pk,
            "number": row.number,
            "kind": row.kind,
            "title": row.title,
            "state": row.state_now,
            "valid_from": row.valid_from,
            "valid_to": row.valid_to,
            "subject": row.subject_id,
            "subject_name": row.subject.name,
            "address": row.premises.address if row.premises else "",
        }
        for row in subjects.own_grants(request.reader)[:500]  # type: ignore[attr-defined]
    ]

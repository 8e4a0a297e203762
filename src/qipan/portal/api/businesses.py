"""What is public of businesses and licences."""

import datetime
from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext_noop
from ninja import Query, Router, Schema
from pydantic import Field

from qipan.kernel.publication import queries as publication
from qipan.kernel.subjects import queries as subjects
from qipan.kernel.subjects.actions import in_force_marks
from qipan.kernel.subjects.models import Grant, Subject
from qipan.portal.api.publications import PublicRecord, record_of
from qipan.ui.access import public_operation
from qipan.ui.interface.reading import Code, Number, Words

router = Router()
MOST = 20


class Business(Schema):
    """A business as a list shows it."""

    id: int
    name: str
    code: str = Field(description="统一社会信用代码，没有的为其他标识")
    status: str
    status_title: str
    address: str


class Licence(Schema):
    """A licence or filing as anyone may see it."""

    number: str
    kind: str
    title: str
    state: str
    state_title: str
    valid_from: datetime.date
    valid_to: datetime.date | None = Field(description="空为长期")
    address: str
    business: int
    business_name: str
    main_format: str = Field("", description="主体业态代码，见事项表单的选项")
    items: list[str] = Field([], description="经营项目代码，见事项表单的选项")


class Mark(Schema):
    """A mark in force on a business."""

    kind: str
    title: str
    since: datetime.date


class BusinessDetail(Business):
    """What is public of one business."""

    type: str
    established_on: datetime.date | None
    business_scope: str
    marks: list[Mark]
    licences: list[Licence]
    publications: list[PublicRecord]


def _business(row: Subject) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "code": subjects.uscc_of(row),
        "status": row.status,
        "status_title": str(row.get_status_display()),
        "address": row.domicile,
    }


def _licence(row: Grant) -> dict[str, Any]:
    return {
        "number": row.number,
        "kind": row.kind,
        "title": row.title,
        "state": row.state_now,
        "state_title": row.state_title,
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "address": row.premises.address if row.premises else "",
        "business": row.subject_id,
        "business_name": row.subject.name,
        "main_format": str(row.data.get("main_format", "")),
        "items": [str(each) for each in row.data.get("items", [])],
    }


def _detail(row: Subject) -> dict[str, Any]:
    return {
        **_business(row),
        "type": str(row.get_type_display()),
        "established_on": row.established_on,
        "business_scope": row.business_scope,
        "marks": [
            {"kind": mark.kind, "title": str(mark.get_kind_display()), "since": mark.since}
            for mark in in_force_marks(row)
        ],
        "licences": [_licence(grant) for grant in subjects.grants_of(row).select_related("subject")[:50]],
        "publications": [record_of(each) for each in publication.public_of(row, limit=50)],
    }


@router.get("/businesses", response=list[Business], auth=None, summary=gettext_noop("查询经营者"))
@public_operation
def businesses(request: HttpRequest, q: Words = Query(description="名称、代码或者地址的一部分")) -> Any:
    """At most 20 businesses, the closest first."""
    return [_business(row) for row in subjects.find(q, limit=MOST)]


@router.get(
    "/businesses/{id}", response=BusinessDetail, auth=None, summary=gettext_noop("一个经营者的公开信息")
)
@public_operation
def business(request: HttpRequest, id: Number) -> Any:
    """Registration, licences, marks in force and what is published."""
    row = subjects.subject(id)
    if row is None:
        raise Http404
    return _detail(row)


@router.get(
    "/businesses/by-code/{code}", response=BusinessDetail, auth=None, summary=gettext_noop("按代码查询经营者")
)
@public_operation
def business_by_code(request: HttpRequest, code: Code) -> Any:
    """The business with exactly this code."""
    row = subjects.by_identifier(code)
    if row is None:
        raise Http404
    return _detail(row)


@router.get("/licences/{number}", response=Licence, auth=None, summary=gettext_noop("按编号查询证照"))
@public_operation
def licence(request: HttpRequest, number: Code) -> Any:
    """The licence or filing with this number, in whatever state."""
    row = subjects.grant_by_number(number)
    if row is None:
        raise Http404
    return _licence(row)

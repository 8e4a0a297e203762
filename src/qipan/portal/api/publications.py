"""What is published, and open data."""

import datetime
import uuid as uuids
from typing import Any, Literal

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext_noop
from ninja import Query, Router, Schema
from pydantic import Field

from qipan.kernel.publication import queries as publication
from qipan.ui.access import public_operation
from qipan.ui.interface.reading import Code, Number, Words

router = Router()
MEDIA = {"csv": "text/csv", "jsonl": "application/x-ndjson"}


class Line(Schema):
    """One line of a publication, masked as the law asks."""

    key: str
    title: str
    text: str


class PublicRecord(Schema):
    """A publication as everybody may see it."""

    uuid: uuids.UUID
    kind: str
    kind_title: str
    title: str
    business: int | None
    business_name: str
    formed_on: datetime.date
    published_on: datetime.date
    until_on: datetime.date | None
    source: str = Field(description="要求公示的条文；没有确认的写明待确认")
    lines: list[Line]
    is_demo: bool


class Records(Schema):
    """A page of publications."""

    records: list[PublicRecord]
    before: int | None = Field(description="下一页的 before；空为没有了")


class OpenKind(Schema):
    """A kind of open data."""

    code: str
    title: str


def record_of(row: publication.PublicRecord) -> dict[str, Any]:
    """A publication for a program."""
    return {
        "uuid": row.uuid,
        "kind": row.kind,
        "kind_title": row.kind_title,
        "title": row.title,
        "business": row.subject_id,
        "business_name": row.subject_name,
        "formed_on": row.formed_on,
        "published_on": row.published_on,
        "until_on": row.until_on,
        "source": row.source,
        "lines": [{"key": line.key, "title": line.title, "text": line.text} for line in row.lines],
        "is_demo": row.is_demo,
    }


@router.get("/publications", response=Records, auth=None, summary=gettext_noop("公示信息"))
@public_operation
def publications(
    request: HttpRequest,
    q: Words = Query("", description="要找的词"),
    kind: Code = Query("", description="种类，见 /open-data"),
    before: Number | None = Query(None, description="上一页给出的 before"),
) -> Any:
    """What is public now, newest first, 20 a page."""
    found, following = publication.search_public(q, kind, before=before)
    return {"records": [record_of(row) for row in found], "before": following}


@router.get("/publications/{uuid}", response=PublicRecord, auth=None, summary=gettext_noop("一条公示信息"))
@public_operation
def publication_record(request: HttpRequest, uuid: uuids.UUID) -> Any:
    """One publication; gone once it is withdrawn or over."""
    found = publication.public_record(uuid)
    if found is None:
        raise Http404
    return record_of(found)


@router.get("/open-data", response=list[OpenKind], auth=None, summary=gettext_noop("开放数据的种类"))
@public_operation
def open_kinds(request: HttpRequest) -> Any:
    """What can be taken as a file."""
    return [{"code": row.code, "title": row.title} for row in publication.open_kinds()]


@router.get(
    "/open-data/{kind}",
    auth=None,
    summary=gettext_noop("下载开放数据"),
    openapi_extra={
        "responses": {
            200: {
                "description": "OK",
                "content": {media: {"schema": {"type": "string"}} for media in MEDIA.values()},
            }
        }
    },
)
@public_operation
def open_data(
    request: HttpRequest,
    kind: Code,
    form: Literal["jsonl", "csv"] = Query("jsonl", description="jsonl 每行一个对象，csv 带表头"),
) -> HttpResponse | StreamingHttpResponse:
    """Everything that is public now of a kind, oldest first, as a stream."""
    if kind not in {row.code for row in publication.open_kinds()}:
        raise Http404
    lines = publication.export(kind, form)
    answer = StreamingHttpResponse(
        (line.encode() for line in lines), content_type=f"{MEDIA[form]}; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="{kind}.{form}"'
    return answer

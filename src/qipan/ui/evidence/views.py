"""The tus 1.0 protocol (creation, termination, checksum, expiration) and the opening of files, scoped to the reader.

An upload is scoped to the one who began it. A file opened by an address is logged in the ledger; the same address as
the picture of a page (`<img>`) gives the small preview, which is not.
"""

import base64
import binascii
import hashlib
import uuid as uuids
from contextlib import suppress

from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import content_disposition_header, http_date
from django.utils.translation import gettext as _

from qipan.kernel.evidence import actions, pages, preview, queries, storage
from qipan.kernel.evidence.models import Evidence, Upload
from qipan.kernel.ledger.errors import Refused
from qipan.ui.access import program

VERSION = "1.0.0"
STATUS = {"not_found": 404, "forbidden": 403, "conflict": 409, "state": 507, "invalid": 400, "stale": 423}
CHUNK = 5 * 1024 * 1024
ALGORITHMS = ("sha1", "sha256")
CHECKSUM_MISMATCH = 460


def _answer(status: int, text: str = "", **headers: str) -> HttpResponse:
    response = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
    response["Tus-Resumable"] = VERSION
    response["Cache-Control"] = "no-store"
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    return response


def _refusal(refused: Refused) -> HttpResponse:
    offset = refused.details.get("offset")
    return _answer(
        STATUS[refused.code], str(refused), **({} if offset is None else {"Upload_Offset": str(offset)})
    )


def _metadata(header: str) -> dict[str, str]:
    values = {}
    for pair in header.split(","):
        key, _space, encoded = pair.strip().partition(" ")
        try:
            values[key] = base64.b64decode(encoded, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            continue
    return values


def _wrong_version(request: HttpRequest) -> HttpResponse | None:
    if request.headers.get("Tus-Resumable", VERSION) == VERSION:
        return None
    return _answer(412, _("只支持 tus 1.0.0。"), Tus_Version=VERSION)


def _expiry(row: Upload) -> dict[str, str]:
    return {} if row.evidence_id else {"Upload_Expires": http_date(row.expires_at().timestamp())}


@program("files.write")
def uploads(request: HttpRequest) -> HttpResponse:
    """OPTIONS tells what is served; POST begins an upload."""
    if request.method == "OPTIONS":
        return _answer(
            204,
            Tus_Version=VERSION,
            Tus_Extension="creation,termination,checksum,expiration",
            Tus_Checksum_Algorithm=",".join(ALGORITHMS),
            Tus_Max_Size=str(actions.MOST_BYTES),
        )
    if request.method != "POST":
        return _answer(405, Allow="OPTIONS, POST")
    if wrong := _wrong_version(request):
        return wrong
    try:
        length = int(request.headers.get("Upload-Length", ""))
    except ValueError:
        return _answer(400, _("缺少文件长度（Upload-Length）。"))
    if length > actions.MOST_BYTES:
        return _answer(413, _("文件超过 %(most)d MB。") % {"most": actions.MOST_BYTES // 1024 // 1024})
    try:
        row = actions.begin_upload(
            length,
            _metadata(request.headers.get("Upload-Metadata", "")),
            request.reader.actor(),  # type: ignore[attr-defined]
        )
    except Refused as refused:
        return _refusal(refused)
    return _answer(201, Location=reverse("upload", args=[row.pk]), **_expiry(row))


@program("files.write")
def upload(request: HttpRequest, pk: uuids.UUID) -> HttpResponse:
    """HEAD tells how much has arrived, PATCH adds a piece, DELETE gives the upload up."""
    actor = request.reader.actor()  # type: ignore[attr-defined]
    if request.method not in ("HEAD", "PATCH", "DELETE"):
        return _answer(405, Allow="HEAD, PATCH, DELETE")
    if wrong := _wrong_version(request):
        return wrong
    if request.method == "DELETE":
        return _answer(204 if actions.abandon_upload(pk, actor) else 404)
    if request.method == "HEAD":
        try:
            row = actions.upload_of(pk, actor)
        except Refused as refused:
            return _refusal(refused)
        return _answer(200, Upload_Offset=str(row.offset), Upload_Length=str(row.length), **_expiry(row))
    if request.content_type != "application/offset+octet-stream":
        return _answer(415, _("内容类型应为 application/offset+octet-stream。"))
    try:
        offset = int(request.headers.get("Upload-Offset", ""))
    except ValueError:
        return _answer(400, _("缺少上传位置（Upload-Offset）。"))
    checksum = request.headers.get("Upload-Checksum", "")
    chunk, whole = _body(request)
    if checksum and (problem := _checksum_problem(checksum, chunk, whole)):
        return problem
    try:
        row = actions.continue_upload(pk, offset, chunk, actor)
    except Refused as refused:
        return _refusal(refused)
    return _answer(204, Upload_Offset=str(row.offset), **_expiry(row))


def _body(request: HttpRequest) -> tuple[bytes, bool]:
    """What arrived of the piece, at most CHUNK, and whether it was all: a line that is cut keeps what came before."""
    parts: list[bytes] = []
    size = 0
    with suppress(UnreadablePostError, OSError):
        while size < CHUNK and (part := request.read(min(65_536, CHUNK - size))):
            parts.append(part)
            size += len(part)
    announced = request.headers.get("Content-Length", "")
    return b"".join(parts), not announced.isdigit() or int(announced) == size


def _checksum_problem(header: str, chunk: bytes, whole: bool) -> HttpResponse | None:
    algorithm, _space, encoded = header.partition(" ")
    if algorithm not in ALGORITHMS:
        return _answer(400, _("不支持这种校验算法。"), Tus_Checksum_Algorithm=",".join(ALGORITHMS))
    try:
        wanted = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return _answer(400, _("校验值不能识别。"))
    if not whole or hashlib.new(algorithm, chunk, usedforsecurity=False).digest() != wanted:
        return _answer(CHECKSUM_MISMATCH, _("这一段在传输中损坏，请重新发送。"))
    return None


def _found(request: HttpRequest, uuid: uuids.UUID) -> Evidence:
    found = queries.visible(request.reader, uuid)  # type: ignore[attr-defined]
    if found is None:
        raise Http404
    return found


def _safely(response: HttpResponse) -> HttpResponse:
    response["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@program("files.read")
def evidence_file(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """A file, to those who may see what it belongs to; its preview where a page shows it as a picture."""
    found = _found(request, uuid)
    if request.headers.get("Sec-Fetch-Dest") == "image":
        response = evidence_preview(request, uuid)
        patch_vary_headers(response, ["Sec-Fetch-Dest"])
        return response
    try:
        content = storage.get(found.digest)
    except Refused as refused:
        return _refusal(refused)
    actions.note_opened(found, request.reader.actor())  # type: ignore[attr-defined]
    response = HttpResponse(content, content_type=found.media_type)
    inline = found.media_type.startswith("image/")
    response["Content-Disposition"] = content_disposition_header(not inline, found.name or "file") or "inline"
    patch_vary_headers(response, ["Sec-Fetch-Dest"])
    return _safely(response)


@program("files.read")
def evidence_preview(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """A small picture of a file, for lists."""
    found = _found(request, uuid)
    try:
        content, media_type = preview.of(found)
    except Refused as refused:
        return _refusal(refused)
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = "inline"
    return _safely(response)


@program("files.read")
def evidence_page(request: HttpRequest, uuid: uuids.UUID, number: int) -> HttpResponse:
    """A page of a file as a picture large enough to read; 404 beyond the last."""
    found = _found(request, uuid)
    try:
        page = pages.page(found, number)
    except Refused as refused:
        return _refusal(refused)
    if not page.content:
        raise Http404
    response = HttpResponse(page.content, content_type=page.media_type)
    response["Content-Disposition"] = "inline"
    return _safely(response)

"""The tus 1.0 protocol (creation, termination) and downloads, each scoped to its reader."""

import base64
import binascii
import uuid as uuids

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import content_disposition_header

from qipan.kernel.evidence import actions, queries, storage
from qipan.kernel.evidence.models import Upload
from qipan.kernel.ledger.errors import Refused
from qipan.ui.access import program

STATUS = {"not_found": 404, "forbidden": 403, "conflict": 409, "state": 507, "invalid": 400, "stale": 409}
CHUNK = 5 * 1024 * 1024


def _answer(status: int, text: str = "", **headers: str) -> HttpResponse:
    response = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
    response["Tus-Resumable"] = "1.0.0"
    response["Cache-Control"] = "no-store"
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    return response


def _metadata(header: str) -> dict[str, str]:
    values = {}
    for pair in header.split(","):
        key, _space, encoded = pair.strip().partition(" ")
        try:
            values[key] = base64.b64decode(encoded, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            continue
    return values


@program("files.write")
def uploads(request: HttpRequest) -> HttpResponse:
    """OPTIONS tells what is served; POST begins an upload."""
    if request.method == "OPTIONS":
        return _answer(
            204,
            Tus_Version="1.0.0",
            Tus_Extension="creation,termination",
            Tus_Max_Size=str(actions.MOST_BYTES),
        )
    if request.method != "POST":
        return _answer(405, Allow="OPTIONS, POST")
    try:
        length = int(request.headers.get("Upload-Length", ""))
        upload = actions.begin_upload(
            length,
            _metadata(request.headers.get("Upload-Metadata", "")),
            request.reader.actor(),  # type: ignore[attr-defined]
        )
    except ValueError:
        return _answer(400, "Upload-Length?")
    except Refused as refused:
        return _answer(STATUS[refused.code], str(refused))
    return _answer(201, Location=reverse("upload", args=[upload.pk]))


@program("files.write")
def upload(request: HttpRequest, pk: uuids.UUID) -> HttpResponse:
    """HEAD tells how much has arrived, PATCH adds a piece, DELETE gives the upload up."""
    actor = request.reader.actor()  # type: ignore[attr-defined]
    if request.method == "HEAD":
        row = Upload.objects.filter(pk=pk, owner=actor.user_id).first()
        if row is None:
            return _answer(404)
        return _answer(200, Upload_Offset=str(row.offset), Upload_Length=str(row.length))
    if request.method == "DELETE":
        actions.abandon_upload(pk, actor)
        return _answer(204)
    if request.method != "PATCH":
        return _answer(405, Allow="HEAD, PATCH, DELETE")
    try:
        offset = int(request.headers.get("Upload-Offset", ""))
        row = actions.continue_upload(pk, offset, request.read(CHUNK), actor)
    except ValueError:
        return _answer(400, "Upload-Offset?")
    except Refused as refused:
        return _answer(STATUS[refused.code], str(refused))
    return _answer(204, Upload_Offset=str(row.offset))


@program("files.read")
def evidence_file(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """A file, to those who may see what it belongs to."""
    found = queries.visible(request.reader, uuid)  # type: ignore[attr-defined]
    if found is None:
        raise Http404
    response = HttpResponse(storage.get(found.digest), content_type=found.media_type)
    inline = found.media_type.startswith("image/")
    response["Content-Disposition"] = content_disposition_header(not inline, found.name or "file") or "inline"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    return response

"""Papers that are uploaded to be sealed, and the form that takes them: one for businesses and units."""

import uuid as uuids
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from qipan.domains.seals import actions
from qipan.domains.seals.views import reading
from qipan.kernel.documents import using
from qipan.kernel.documents.models import Seal, SealUse
from qipan.kernel.ledger.errors import Refused
from qipan.ui.refusals import told


def seal_one(request: HttpRequest, seal: Seal) -> SealUse:
    """Seal the uploaded PDF as the form says."""
    post = request.POST
    title, content = reading.uploaded(request)
    place = reading.place_of(post, using.must_fit(content))
    paper = using.Paper(reading.uuid_of(post.get("uuid", "")), title, content, place)
    return actions.use(seal, request.reader, paper, purpose=post.get("purpose", ""))  # type: ignore[attr-defined]


def several(request: HttpRequest, key: uuids.UUID) -> list[using.Paper]:
    """The uploaded PDFs of a batch, all sealed in the same place."""
    files = request.FILES.getlist("file")
    if sum(one.size or 0 for one in files) > using.MOST_BYTES * 5:
        raise Refused(_("这些文件合起来超过 100 MB，请分几次盖章。"), field="file")
    papers = []
    for number, one in enumerate(files):
        title = reading.title_of(one.name or "")
        if (one.size or 0) > using.MOST_BYTES:
            raise Refused(_("%(title)s：文件超过 20 MB，不能盖章。") % {"title": title}, field="file")
        content = one.read()
        pages = using.must_fit(content, title)
        papers.append(
            using.Paper(uuids.uuid5(key, str(number)), title, content, reading.place_of(request.POST, pages))
        )
    return papers


def form(request: HttpRequest, seal: Seal, refused: Refused | None, **more: Any) -> dict[str, Any]:
    """What the form shows: what was typed stays; a refusal stands at its field."""
    post = request.POST
    return {
        "seal": seal,
        "grid": reading.grid(),
        "spot": post.get("spot") or "5-3",
        "page": post.get("page") or "last",
        "purposes": reading.purposes(),
        "posted": post,
        "uuid": post.get("uuid") or uuids.uuid4(),
        "refusals": told(refused),
        **more,
    }

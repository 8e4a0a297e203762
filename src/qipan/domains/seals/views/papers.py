"""Papers that are uploaded to be sealed, and the form that takes them: one for businesses and units."""

import uuid as uuids
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from qipan.domains.seals import actions, queries
from qipan.domains.seals.views import reading
from qipan.kernel.documents import checking, using
from qipan.kernel.documents.actions import verification_url
from qipan.kernel.documents.models import Seal, SealUse
from qipan.kernel.documents.storage import qr_svg
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.reader import Reader
from qipan.ui.refusals import told
from qipan.ui.sent import form_key


def seal_one(request: HttpRequest, seal: Seal) -> SealUse:
    """Seal the uploaded PDF as the form says."""
    post = request.POST
    title, content = reading.uploaded(request)
    place = reading.place_of(post, using.must_fit(content))
    paper = using.Paper(form_key(post.get("uuid", "")), title, content, place)
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


def seal_several(request: HttpRequest, seal: Seal) -> uuids.UUID:
    """Seal the uploaded PDFs, all or none; gives the batch."""
    key = form_key(request.POST.get("uuid", ""))
    papers = several(request, key)
    actions.use_many(seal, request.reader, papers, purpose=request.POST.get("purpose", ""), batch=key)  # type: ignore[attr-defined]
    return key


def sealed(use: SealUse, **more: Any) -> dict[str, Any]:
    """What the page of one sealed file shows: what anyone may verify, and the code with which."""
    link = verification_url(use.code or "")
    return {
        "use": use,
        "seal": use.seal,
        "who": orgs.labels([use.user_id]).get(use.user_id, "") if use.user_id else "",
        "link": link,
        "qr": qr_svg(link),
        "checked": checking.of_use(use),
        **more,
    }


def of_batch(reader: Reader, batch: uuids.UUID) -> list[SealUse]:
    """What was sealed together, as far as the reader may see it."""
    rows = SealUse.objects.filter(batch=batch).select_related("seal").order_by("pk")
    return [row for row in rows if queries.use_of_mine(reader, row.uuid)]

"""The first page and the one search: items, businesses, laws and verification codes."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from qipan.domains.licensing.themes import queries as themes
from qipan.kernel.documents import queries as documents
from qipan.kernel.items import queries as items
from qipan.kernel.law import queries as laws
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.publication import queries as publication
from qipan.kernel.subjects import queries as subjects
from qipan.portal.public.limiting import for_strangers
from qipan.portal.public.matters import matters
from qipan.ui import acting
from qipan.ui.access import public
from qipan.ui.citations import address, anchor

COMMON = ("FB-NEW", "FB-RENEW", "FB-CHANGE", "FB-REISSUE", "FB-CANCEL", "FF-NEW")
CODE = re.compile(r"[0-9A-Z]{8,30}")


@public
def home(request: HttpRequest) -> HttpResponse:
    """The first page: search, common services, one's own matters, what was published last."""
    reader: Reader = request.reader  # type: ignore[attr-defined]
    context = {
        "common": list(items.items_by_code(COMMON).values()),
        "tiles": _tiles(),
        "publications": publication.latest(limit=8),
        "mine": matters(reader, acting.chosen(request)),
    }
    return render(request, "portal/home.html", context)


def _tiles() -> list[dict[str, str]]:
    return [
        {
            "title": _("查询经营者"),
            "text": _("登记、许可、检查结果"),
            "icon": "building-store",
            "href": reverse("businesses"),
        },
        {
            "title": _("核验证照和文书"),
            "text": _("扫码、输入核验码或者上传文件"),
            "icon": "shield-check",
            "href": reverse("verify_form"),
        },
        {
            "title": _("公示和开放数据"),
            "text": _("许可决定、检查结果，可以下载"),
            "icon": "speakerphone",
            "href": reverse("publications"),
        },
        {
            "title": _("法规库"),
            "text": _("查条文，每条规则都有出处"),
            "icon": "books",
            "href": reverse("laws"),
        },
    ]


@public
@for_strangers()
def search(request: HttpRequest) -> HttpResponse:
    """One search over items, businesses, articles and verification codes."""
    text = request.GET.get("q", "").strip()[:100]
    context: dict[str, Any] = {"text": text}
    if text:
        code = text.upper()
        articles = laws.search(text, limit=5)
        context |= {
            "items": items.items_for_public(text)[:6],
            "themes": themes.find(text)[:4],
            "businesses": [
                {
                    "subject": subject,
                    "code": subjects.uscc_of(subject),
                    "active": subject.status == "ACTIVE",
                }
                for subject in subjects.find(text, limit=8)
            ],
            "document": documents.by_code(code) if CODE.fullmatch(code) else None,
            "code": code,
            "articles": [
                {"article": one, "href": f"{address(one.law.name)}#{anchor(one)}"} for one in articles
            ],
        }
        context["nothing"] = not any(
            context[part] for part in ("items", "themes", "businesses", "document", "articles")
        )
    return render(request, "portal/search.html", context)

"""Citations on screens: as lawyers write them, each linked to its article where the library holds the law."""

import re
from collections.abc import Set
from urllib.parse import quote

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from qipan.kernel.law.citations import Citation, from_chinese, in_chinese
from qipan.kernel.law.models import Article, Law
from qipan.kernel.law.saying import said

STATE = "中华人民共和国"
WRITTEN = re.compile(
    r"(?:《(?P<law>[^《》]{2,80})》)?(?P<label>第[零一二三四五六七八九十百千]+条(?:之[一二三四五六七八九十]+)?)"
)
OPEN_WORDS = ("unconfirmed", "待确认")


def held_laws(request: HttpRequest | None) -> Set[str]:
    """The names of the laws that the library holds, without the state's name; asked once a request."""
    known: Set[str] | None = getattr(request, "_held_laws", None)
    if known is None:
        names = Law.objects.order_by().values_list("name", flat=True).distinct()
        known = frozenset(name.removeprefix(STATE) for name in names)
        if request is not None:
            request._held_laws = known  # type: ignore[attr-defined]
    return known


def anchor(article: Article) -> str:
    """The id under which an article stands on its law's page."""
    plain = article.number <= 9999 and article.label == f"第{in_chinese(article.number)}条"
    return f"a{article.number}" if plain else f"p{article.pk}"


def address(law: str, label: str = "") -> str:
    """The address of a law's page, at an article where one is named."""
    page = reverse("law", args=[law.removeprefix(STATE)])
    if not label:
        return page
    if "之" in label:
        return f"{page}?article={quote(label)}"
    return f"{page}#a{from_chinese(label)}"


def linked(text: str, held: Set[str]) -> SafeString:
    """A source in words, its articles as links; what nobody has confirmed is marked, never hidden.

    Takes short citations (`FSL 35;FSL 36(2)`), what lawyers write (《食品安全法》第三十五条), or words with such in them.
    """
    words = text.strip()
    if not words or words == "unconfirmed":
        return format_html('<span class="unconfirmed">{}</span>', _("依据待确认"))
    for start in OPEN_WORDS:
        if words.startswith(start):
            rest = words.removeprefix(start).lstrip("：: ")
            return format_html('<span class="unconfirmed">{}</span> {}', _("待确认"), _with_links(said(rest), held))
    return _with_links(_written(words), held)


def _written(text: str) -> str:
    """Short citations as lawyers write them, a law named once; other text unchanged."""
    found, law = [], ""
    for part in text.split(";"):
        if not part.strip():
            continue
        try:
            one = str(Citation.parse(part))
        except ValueError:
            return text
        book, sign, article = one.partition("》")
        found.append(article if sign and book == law else one)
        law = book
    return "、".join(found)


def _with_links(text: str, held: Set[str]) -> SafeString:
    pieces: list[SafeString] = []
    at, law = 0, ""
    for match in WRITTEN.finditer(text):
        law = match["law"] or law
        if law.removeprefix(STATE) not in held:
            continue
        pieces.append(conditional_escape(text[at : match.start()]))
        pieces.append(
            format_html('<a class="law-link" href="{}">{}</a>', address(law, match["label"]), match[0])
        )
        at = match.end()
    pieces.append(conditional_escape(text[at:]))
    return format_html_join(mark_safe(""), "{}", ((piece,) for piece in pieces))

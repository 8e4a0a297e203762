"""The law library: texts are loaded, found by words, and citations are checked against them."""

import datetime
import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from qipan.kernel.law.citations import GAPS, SHORT_NAMES, Citation, from_chinese
from qipan.kernel.law.models import Article, Law
from qipan.kernel.ledger.errors import Refused


def grams(text: str) -> list[str]:
    """The pieces of a text that search looks for: each character and each pair of neighbours, letters folded."""
    signs = [sign.lower() for sign in text if sign.isalnum()]
    return sorted(set(signs) | {first + second for first, second in itertools.pairwise(signs)})


def read_laws(path: Path) -> Iterator[dict[str, Any]]:
    """The laws of a JSON-lines file (or of `laws.jsonl` in a folder). Refuses a broken line, naming it."""
    file = path / "laws.jsonl" if path.is_dir() else path
    if not file.exists():
        raise Refused(_("找不到法规文件 %(file)s。") % {"file": file.name}, code="not_found")
    with file.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                raise Refused(
                    _("法规文件 %(file)s 第 %(line)d 行不是有效的 JSON：%(error)s")
                    % {"file": file.name, "line": number, "error": error}
                ) from None


@transaction.atomic
def load(rows: Iterable[dict[str, Any]]) -> tuple[int, int]:
    """Take laws into the library; a text that is there already is left alone. Returns (laws, articles) added."""
    short = {name: code for code, name in SHORT_NAMES.items()}
    laws = articles = 0
    for row in rows:
        as_of = _date(row.get("as_of"))
        name = str(row["name"]).strip()
        law, created = Law.objects.get_or_create(
            name=name,
            as_of=as_of,
            defaults={
                "short_name": short.get(name) or short.get(f"中华人民共和国{name}", ""),
                "source": str(row.get("source", ""))[:120],
                "head": str(row.get("head", "")),
                "gap": GAPS.get(name) or GAPS.get(f"中华人民共和国{name}", ""),
            },
        )
        if created:
            laws += 1
            articles += _copy_articles(law, row["articles"])
    return laws, articles


def _date(value: Any) -> datetime.date:
    try:
        return datetime.date.fromisoformat(str(value)[:10])
    except ValueError:
        return datetime.date(1949, 10, 1)


def _copy_articles(law: Law, rows: list[dict[str, Any]]) -> int:
    seen: set[str] = set()
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY law_article (law_id, number, label, chapter, text, grams) FROM STDIN") as copy,
    ):
        for position, row in enumerate(rows, start=1):
            label = str(row["no"]).strip()[:30]
            if label in seen:
                label = f"{label}#{position}"
            seen.add(label)
            try:
                number = from_chinese(label)
            except ValueError:
                number = position
            text = str(row["text"]).replace("\x00", "")
            copy.write_row((law.pk, number, label, str(row.get("chapter") or "")[:200], text, grams(text)))
    return len(rows)


def law_of(citation: Citation) -> Law | None:
    """The newest text of the cited law in the library."""
    name = citation.law_name
    names = {name, name.removeprefix("中华人民共和国")}
    return Law.objects.filter(name__in=names).order_by("-as_of").first()


def article_of(citation: Citation) -> Article | None:
    """The cited article, where the library holds it."""
    law = law_of(citation)
    return law.articles.filter(label=citation.label).first() if law else None


def check(citation: Citation) -> str:
    """What is wrong with a citation, in words; empty when nothing is, or when the library does not hold the law."""
    law = law_of(citation)
    if law is None:
        return ""
    if not law.articles.filter(label=citation.label).exists():
        return _("%(law)s没有%(article)s。") % {"law": law, "article": citation.label}
    return ""


def search(text: str, limit: int = 30) -> QuerySet[Article]:
    """The articles that hold every piece of the words, shortest first."""
    words = [word for word in text.split() if word]
    rows = Article.objects.select_related("law")
    for word in words:
        pieces = [piece for piece in grams(word) if len(piece) == min(2, len(word))]
        rows = rows.filter(grams__contains=pieces, text__icontains=word)
    return rows.order_by("law__name", "number")[:limit] if words else rows.none()

"""What screens and other rooms read of the law library."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.utils.translation import gettext as _

from qipan.kernel.law import citing
from qipan.kernel.law.citations import SHORT_NAMES, Citation, from_chinese, in_chinese
from qipan.kernel.law.library import NEWEST, grams
from qipan.kernel.law.models import Article, Law

STATE = "中华人民共和国"
#: 食品安全法第三十五条, 食品安全法35, 《食品安全法》 35条, FSL 35.
PLACE = re.compile(
    r"^《?(?P<law>[^《》\s]*?[^《》\s\d第])》?\s*(?:第?(?P<number>[零一二三四五六七八九十百千]+)条|第?(?P<digits>\d{1,4})条?)?$"
)
#: How the names of laws end.
NAMED = re.compile(r"..(法|条例|办法|规定|细则|规则|决定)$")
SPAN = 60


@dataclass(frozen=True)
class Hit:
    """An article that was found. `parts` is a piece of its text: (words, whether they were asked for)."""

    article: Article
    parts: list[tuple[str, bool]]


def laws(text: str = "") -> QuerySet[Law]:
    """The laws of the library by name, each with `article_count`; only those whose name holds the words."""
    rows = Law.objects.annotate(article_count=Count("articles")).order_by("name", NEWEST)
    for word in text.replace("《", " ").replace("》", " ").split():
        rows = rows.filter(name__icontains=word)
    return rows


def law_by_name(name: str) -> Law | None:
    """The newest text of a law by its short name (FSL), its name, or its name without 中华人民共和国."""
    plain = SHORT_NAMES.get(name.strip(), name.strip().strip("《》")).removeprefix(STATE)
    return Law.objects.filter(name__in=[plain, STATE + plain]).order_by(NEWEST).first()


def versions_of(law: Law) -> QuerySet[Law]:
    """The texts of the same law, newest first."""
    return Law.objects.filter(name=law.name).order_by(NEWEST)


def label_of(number: str | int) -> str:
    """The label of an article (第三十五条) from 35, "35", "三十五", "第35条"; empty for what is no number of one."""
    text = str(number).strip().removeprefix("第").removesuffix("条")
    if text.isascii() and text.isdigit():
        return f"第{in_chinese(int(text))}条" if 1 <= int(text) <= 9999 else ""
    try:
        return f"第{in_chinese(from_chinese(text))}条"
    except ValueError:
        return ""


def article_by_number(law: Law, number: str | int) -> Article | None:
    """An article of a law by its number in any writing."""
    label = label_of(number)
    return law.articles.filter(label=label).select_related("law").first() if label else None


def neighbours(article: Article) -> tuple[Article | None, Article | None]:
    """The article before it and the one after it."""
    others = Article.objects.filter(law_id=article.law_id)
    return (
        others.filter(number__lt=article.number).order_by("-number").first(),
        others.filter(number__gt=article.number).order_by("number").first(),
    )


def chapters_of(law: Law) -> list[tuple[str, list[Article]]]:
    """The articles of a law in order, by chapter; the chapter of a law without chapters is empty."""
    found: list[tuple[str, list[Article]]] = []
    for article in law.articles.order_by("number", "pk"):
        if not found or found[-1][0] != article.chapter:
            found.append((article.chapter, []))
        found[-1][1].append(article)
    return found


def located(text: str) -> Article | None:
    """The very article that the words name (食品安全法第三十五条, 食品安全法 35, FSL 35); None where they name none."""
    found = PLACE.match(text.strip())
    if not found or not (found["number"] or found["digits"]):
        return None
    law = law_by_name(found["law"])
    return article_by_number(law, found["number"] or found["digits"]) if law else None


def search(text: str, law: Law | None = None, limit: int = 30) -> list[Hit]:
    """The articles that hold every word (in their text, their number or the name of their law), the one that the
    words name first, then those of the laws that the product cites."""
    words = [word for word in re.split(r"[\s《》]+", text) if any(sign.isalnum() for sign in word)]
    if not words:
        return []
    rows = Article.objects.all()
    if law is not None:
        rows = rows.filter(law=law)
    for word in words:
        rows = rows.filter(_holds(word))
    # Sorted by narrow rows, for the texts are long; only those that are shown are read.
    cited = Case(When(law__short_name="", then=Value(1)), default=Value(0), output_field=IntegerField())
    keys = list(rows.order_by(cited, "law__name", "number").values_list("pk", flat=True)[:limit])
    exact = located(text)
    if exact is not None and (law is None or exact.law_id == law.pk):
        keys = [exact.pk, *(key for key in keys if key != exact.pk)][:limit]
    found = Article.objects.select_related("law").in_bulk(keys)
    return [Hit(found[key], marked(found[key].text, words)) for key in keys]


def _holds(word: str) -> Q:
    """The articles that hold a word; the name of a law and the number of an article count as words of it."""
    signs = [sign for sign in word if sign.isalnum()]
    pieces = [piece for piece in grams(word) if len(piece) == min(2, len(signs))]
    condition = Q(grams__contains=pieces)
    if len(signs) > 2 or len(signs) < len(word):
        # Longer words may have their pieces apart from one another; of one or two signs the piece is the word.
        condition &= Q(text__icontains=word)
    if label := label_of(word) if word.endswith("条") else "":
        condition |= Q(label=label)
    if NAMED.search(word):
        named = Law.objects.filter(name__icontains=word.removeprefix(STATE)).values_list("pk", flat=True)
        condition |= Q(law__in=list(named))
    return condition


def marked(text: str, words: Iterable[str], span: int = SPAN) -> list[tuple[str, bool]]:
    """A piece of a text around the first of the words, cut at `span` signs on each side of it; the words are marked."""
    pattern = re.compile(
        "|".join(re.escape(word) for word in sorted(set(words), key=len, reverse=True)), re.I
    )
    first = pattern.search(text)
    begin = max(0, (first.start() if first else 0) - span)
    piece = text[begin : (first.end() if first else 0) + 2 * span]
    parts: list[tuple[str, bool]] = [("…", False)] if begin else []
    at = 0
    for found in pattern.finditer(piece):
        parts += [(piece[at : found.start()], False), (found[0], True)]
        at = found.end()
    parts.append((piece[at:] + ("…" if begin + len(piece) < len(text) else ""), False))
    return [(part, mark) for part, mark in parts if part]


def cited_by(article: Article) -> list[tuple[str, str]]:
    """What of the product cites an article: (what, the citation in words), such as the terms and items under it."""
    return [
        (what, str(citation))
        for what, citation in citations_of(article.law)
        if citation.label == article.label
    ]


def citations_of(law: Law) -> list[tuple[str, Citation]]:
    """Every citation that the catalogues make of a law."""
    names = {law.name, STATE + law.name}
    return [(what, citation) for what, citation in citing.citations() if citation.law_name in names]


def coverage() -> dict[str, int]:
    """How much the library holds: laws, articles, and of the laws that the product cites those it lacks."""
    held = set(Law.objects.values_list("name", flat=True))
    missing = [name for name in SHORT_NAMES.values() if not {name, name.removeprefix(STATE)} & held]
    return {"laws": len(held), "articles": Article.objects.count(), "missing": len(missing)}


def missing_laws() -> list[str]:
    """The laws that the product cites and the library does not hold, with what is known of the reason."""
    held = set(Law.objects.values_list("name", flat=True))
    return [
        _("《%(name)s》") % {"name": name.removeprefix(STATE)}
        for name in SHORT_NAMES.values()
        if not {name, name.removeprefix(STATE)} & held
    ]

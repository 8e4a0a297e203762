"""What screens and other rooms read of the law library."""

import re

from django.db.models import Case, IntegerField, Q, Value, When

from qipan.kernel.law.citations import SHORT_NAMES, from_chinese, in_chinese
from qipan.kernel.law.library import NEWEST, grams
from qipan.kernel.law.models import Article, Law

STATE = "中华人民共和国"
#: 食品安全法第三十五条, 食品安全法35, 《食品安全法》 35条, FSL 35.
PLACE = re.compile(
    r"^《?(?P<law>[^《》\s]*?[^《》\s\d第])》?\s*(?:第?(?P<number>[零一二三四五六七八九十百千]+)条|第?(?P<digits>\d{1,4})条?)?$"
)
#: How the names of laws end.
NAMED = re.compile(r"..(法|条例|办法|规定|细则|规则|决定)$")


def law_by_name(name: str) -> Law | None:
    """The newest text of a law by its short name (FSL), its name, or its name without 中华人民共和国."""
    plain = SHORT_NAMES.get(name.strip(), name.strip().strip("《》")).removeprefix(STATE)
    return Law.objects.filter(name__in=[plain, STATE + plain]).order_by(NEWEST).first()


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


def located(text: str) -> Article | None:
    """The very article that the words name (食品安全法第三十五条, 食品安全法 35, FSL 35); None where they name none."""
    found = PLACE.match(text.strip())
    if not found or not (found["number"] or found["digits"]):
        return None
    law = law_by_name(found["law"])
    return article_by_number(law, found["number"] or found["digits"]) if law else None


def search(text: str, law: Law | None = None, limit: int = 30) -> list[Article]:
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
    return [found[key] for key in keys]


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

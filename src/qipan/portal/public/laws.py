"""The law library: find laws and articles, read a law, and every citation leads to its article."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from qipan.kernel.law import queries
from qipan.kernel.law.library import NEWEST
from qipan.kernel.law.models import Article, Law
from qipan.portal.public.limiting import for_strangers
from qipan.ui.access import public
from qipan.ui.citations import STATE, address, anchor

MOST_ARTICLES = 40


@public
@for_strangers()
def laws(request: HttpRequest) -> HttpResponse:
    """Search over laws and articles; without words all laws by name."""
    text = request.GET.get("q", "").strip()[:60]
    every = list(_newest())
    found = [law for law in every if all(word in law.name for word in text.split())] if text else every
    articles = queries.search(text, limit=MOST_ARTICLES + 1)
    context = {
        "text": text,
        "laws": found,
        "total": len(every),
        "articles": [
            {"article": article, "href": f"{address(article.law.name)}#{anchor(article)}"}
            for article in articles[:MOST_ARTICLES]
        ],
        "more": len(articles) > MOST_ARTICLES,
    }
    return render(request, "portal/laws.html", context)


def _newest() -> list[Law]:
    """The newest text of each law, by name."""
    return list(Law.objects.order_by("name", NEWEST).distinct("name"))


@public
def law_page(request: HttpRequest, name: str) -> HttpResponse:
    """One law, each article with an address of its own; `?date=` shows an older text, `?article=` leads to one."""
    short = name.removeprefix(STATE)
    texts = list(Law.objects.filter(name__in=[short, f"{STATE}{short}"]).order_by(NEWEST))
    if not texts:
        raise Http404
    wanted = request.GET.get("date", "")
    law = next((each for each in texts if each.as_of and each.as_of.isoformat() == wanted), texts[0])
    articles = list(law.articles.defer("grams").order_by("number", "pk"))
    label = request.GET.get("article", "")
    if label:
        one = next((article for article in articles if article.label == label), None)
        return redirect(f"{address(law.name)}#{anchor(one)}" if one else address(law.name))
    return render(
        request,
        "portal/law.html",
        {"law": law, "texts": texts, "chapters": _chapters(articles), "count": len(articles)},
    )


def _chapters(articles: list[Article]) -> list[dict[str, Any]]:
    """The articles under their chapters, in the order of the text."""
    found: list[dict[str, Any]] = []
    for article in articles:
        if not found or found[-1]["title"] != article.chapter:
            found.append({"title": article.chapter, "id": f"c{len(found) + 1}", "articles": []})
        found[-1]["articles"].append({"article": article, "id": anchor(article)})
    return found

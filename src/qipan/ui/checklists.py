"""Checklists on the phone: what the shared form draws, and what it sends back.

The form names its fields by item code: `answer-2.1` (YES, NO, NA), `note-2.1`, `value-2.1`, `photo-2.1` (files, by the
uuid of the upload or of the file), and `changed`, the codes that the browser has not saved yet; without it all count.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from qipan.kernel.evidence.models import Evidence
from qipan.kernel.evidence.queries import by_tokens
from qipan.kernel.forms.checklists import ChecklistRow


def areas(
    checklist: ChecklistRow, facts: Mapping[str, Any], answers: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The areas that apply with their items, each with its answer and its photos."""
    applicable = {item.code for item in checklist.applicable(facts)}
    files = by_tokens(token for given in answers.values() for token in given.get("photos") or ())
    return [
        {
            "title": area.title,
            "items": [
                line(item, answers.get(item.code, {}), files)
                for item in area.items
                if item.code in applicable
            ],
        }
        for area in checklist.areas
        if any(item.code in applicable for item in area.items)
    ]


def line(item: Any, answer: Mapping[str, Any], files: Mapping[str, Evidence]) -> dict[str, Any]:
    """One item as the form draws it."""
    return {
        "item": item,
        "answer": answer,
        "photos": [
            {"uuid": token, "name": files[token].name or files[token].digest[:8], "file": files[token].uuid}
            for token in answer.get("photos") or ()
            if token in files
        ],
    }


@dataclass(frozen=True)
class Sent:
    """What the browser saves between times: answers by item code, and where the officer stands."""

    items: dict[str, dict[str, Any]]
    place: str


def sent(body: bytes) -> Sent | None:
    """A draft as the browser sends it, {"items": {code: {answer, note, value, photos}}, "place": "…"}; None for anything else."""
    try:
        found = json.loads(body or b"{}")
        items = {str(code): dict(given) for code, given in dict(found["items"]).items()}
        if any(not isinstance(given.get("photos") or [], list) for given in items.values()):
            return None
        return Sent(items, str(found.get("place", "")))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def typed(post: QueryDict, codes: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What was recorded on the page at these items; only at those not saved yet where the browser says which."""
    named = post.get("changed")
    wanted = set(codes) if named is None else set(codes) & set(named.split())
    return {code: _given(post, code) for code in wanted}


def shown(post: QueryDict, codes: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Everything that stands on the page at these items."""
    return {code: _given(post, code) for code in codes}


def _given(post: QueryDict, code: str) -> dict[str, Any]:
    return {
        "answer": post.get(f"answer-{code}", ""),
        "note": post.get(f"note-{code}", ""),
        "value": post.get(f"value-{code}", ""),
        "photos": post.getlist(f"photo-{code}"),
    }

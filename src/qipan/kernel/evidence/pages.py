"""Files page by page as pictures, for whoever must read them beside a case: photos large, PDFs drawn in a bounded child.

What is drawn is kept beside the small previews, by the file's digest.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from qipan.conf import bounded
from qipan.kernel.evidence import preview, storage
from qipan.kernel.evidence.models import Evidence

LARGE = 1600
SECONDS = 10
MOST_PAGES = 500


@dataclass(frozen=True)
class Page:
    """One page: the picture (empty where the file cannot be shown) and how many pages there are."""

    content: bytes
    media_type: str
    pages: int


def page(evidence: Evidence, number: int) -> Page:
    """A page of a file, from 1. A file that nothing of ours can show has no pages. Refuses one that is gone or changed."""
    if evidence.media_type.startswith("image/"):
        return Page(_large(evidence), preview.MEDIA_TYPE, 1)
    if evidence.media_type != "application/pdf" or not 1 <= number <= MOST_PAGES:
        return Page(b"", "", 0)
    return _of_pdf(evidence, number)


def _large(evidence: Evidence) -> bytes:
    path = _kept(evidence, "large.webp")
    if path.exists():
        return path.read_bytes()
    content = preview.reduced(storage.get(evidence.digest), LARGE)
    preview.keep(path, content)
    return content


def _of_pdf(evidence: Evidence, number: int) -> Page:
    told, drawn = _kept(evidence, "pages.json"), _kept(evidence, f"{number}.webp")
    if told.exists():
        count = int(json.loads(told.read_text())["pages"])
        if drawn.exists() or not 1 <= number <= count:
            return Page(drawn.read_bytes() if drawn.exists() else b"", preview.MEDIA_TYPE, count)
    try:
        answer = bounded.run(
            "qipan.kernel.evidence.page_child",
            str(number),
            seconds=SECONDS,
            given=storage.get(evidence.digest),
        )
    except bounded.BeyondBounds:
        return Page(b"", "", 0)
    line, _end, content = answer.partition(b"\n")
    count = int(json.loads(line)["pages"])
    preview.keep(told, line)
    if content:
        preview.keep(drawn, content)
    return Page(content, preview.MEDIA_TYPE, min(count, MOST_PAGES))


def _kept(evidence: Evidence, name: str) -> Path:
    return Path(storage.folder() / "preview" / evidence.digest[:2] / f"{evidence.digest}-{name}")

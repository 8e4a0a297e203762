"""Reading PDFs of any make, with pypdf alone: what a bounded child does before the server touches a file (`bounds`)."""

import io
import re
from typing import Any

from pypdf import PdfReader, PdfWriter

MOST_PAGES = 2000
TAIL = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*$")


class Unfit(ValueError):
    """A file that cannot be sealed; `why` is one of broken, encrypted, locked, pages, page, place."""

    def __init__(self, why: str, detail: object = "") -> None:
        super().__init__(f"{why} {detail}".strip())
        self.why = why


def read(pdf: bytes) -> PdfReader:
    """The file, opened. Raises Unfit for one that is broken, encrypted or endless."""
    if not pdf.startswith(b"%PDF-"):
        raise Unfit("broken")
    try:
        reader = PdfReader(io.BytesIO(pdf))
        if reader.is_encrypted:
            raise Unfit("encrypted")
        count = len(reader.pages)
    except Unfit:
        raise
    except Exception as error:  # whatever a parser says of a broken file, it is one
        raise Unfit("broken", error) from error
    if not 0 < count <= MOST_PAGES:
        raise Unfit("pages" if count else "broken", count)
    return reader


def locked(reader: PdfReader) -> bool:
    """Whether its author certified that nothing may be added (DocMDP, level 1)."""
    root: Any = reader.trailer["/Root"]
    perms = root.get("/Perms")
    certified = perms.get_object().get("/DocMDP") if perms else None
    if certified is None:
        return False
    for one in certified.get_object().get("/Reference", []):
        told = one.get_object().get("/TransformParams")
        if told and told.get_object().get("/P") == 1:
            return True
    return False


def sound(pdf: bytes, reader: PdfReader) -> tuple[bytes, PdfReader]:
    """A file whose end can be added to; one whose tables are wrong is written anew, unless somebody signed it."""
    tail = TAIL.search(pdf[-2048:])
    start = int(tail[1]) if tail else -1
    head = pdf[start : start + 32].lstrip() if 0 < start < len(pdf) else b""
    if head.startswith(b"xref") or re.match(rb"\d+\s+\d+\s+obj", head):
        return pdf, reader
    if b"/ByteRange" in pdf:
        raise Unfit("broken", "signed, and its tables cannot be read")
    out = io.BytesIO()
    PdfWriter(clone_from=reader).write(out)
    return out.getvalue(), read(out.getvalue())


def rehearse(pdf: bytes) -> int:
    """Everything that sealing reads of a file, read once; gives its pages. Raises Unfit, or whatever the file causes."""
    reader = read(pdf)
    count = len(reader.pages)
    try:
        locked(reader)
        _whole, reader = sound(pdf, reader)
        for page in reader.pages:
            _corners = (page.cropbox, page.get("/Rotate"), page.get("/Annots"))
            page.write_to_stream(io.BytesIO())
        root: Any = reader.trailer["/Root"]
        root.write_to_stream(io.BytesIO())
    except Unfit:
        raise
    except Exception as error:  # it cannot be sealed: sealing itself will say why
        raise Unfit("broken", error) from error
    return count

"""A seal that can be seen, on a PDF of any make: an incremental update, so that what is signed already stays signed.

pypdf reads the file; what is appended is written here, with a cross-reference table or stream as the file's last one is.
"""

import datetime
import io
import re
from dataclasses import dataclass
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject

from qipan.kernel.documents.picture import ink_of
from qipan.kernel.documents.sealing import bounds, pades
from qipan.kernel.documents.sealing.reading import TAIL, Unfit, locked, read, sound
from qipan.kernel.ledger.errors import Refused

POINTS = 72 / 25.4


@dataclass(frozen=True)
class Place:
    """Where the middle of the seal comes: page from 1, shares of the page's width and height from its upper left."""

    page: int
    x: float
    y: float


@dataclass(frozen=True)
class Look:
    """What is seen: the picture (PNG) and its size in millimetres."""

    picture: bytes
    width: int
    height: int


def pages_of(pdf: bytes) -> int:
    """How many pages it has, found by a child within its limits. Raises Unfit."""
    return bounds.pages_of(pdf)


def sign(
    pdf: bytes,
    signer: pades.Signer,
    moment: datetime.datetime,
    reason: str,
    *,
    look: Look,
    place: Place,
    field: str,
) -> bytes:
    """The file with the seal on its place and a signature over all of it. Raises Unfit."""
    if not (0 <= place.x <= 1 and 0 <= place.y <= 1):
        raise Unfit("place")
    bounds.pages_of(pdf)
    reader = read(pdf)
    try:
        if locked(reader):
            raise Unfit("locked")
        pdf, reader = sound(pdf, reader)
        if not 1 <= place.page <= len(reader.pages):
            raise Unfit("page", len(reader.pages))
        return _append(pdf, reader, signer, moment, reason, look, place, field)
    except (Unfit, Refused):
        raise
    except Exception as error:  # whatever is wrong with a file that could be opened, it cannot be sealed
        raise Unfit("broken", error) from error


class _Section:
    """What is appended: objects, then the table or stream that finds them."""

    def __init__(self, pdf: bytes, reader: PdfReader) -> None:
        tail = TAIL.search(pdf[-2048:])
        assert tail is not None
        self.start = int(tail[1])
        self.table = pdf[self.start : self.start + 32].lstrip().startswith(b"xref")
        self.out = bytearray(pdf if pdf.endswith(b"\n") else pdf + b"\n")
        self.trailer = reader.trailer
        numbers = [number for table in reader.xref.values() for number in table]
        highest = max([*numbers, *reader.xref_objStm], default=0)
        self.next = max(int(self.trailer.get("/Size", 0)), highest + 1)
        self.offsets: dict[int, tuple[int, int]] = {}

    def number(self) -> int:
        """A number for a new object."""
        self.next += 1
        return self.next - 1

    def write(self, number: int, body: bytes, generation: int = 0) -> None:
        """One object."""
        self.offsets[number] = (len(self.out), generation)
        self.out += b"%d %d obj\n%s\nendobj\n" % (number, generation, body)

    def finish(self) -> None:
        """The way to find what was appended, of the same kind as the last one of the file."""
        stream = None if self.table else self.number()
        at = len(self.out)
        if stream is not None:
            self.offsets[stream] = (at, 0)
        parts = [b"/Size %d/Prev %d" % (self.next, self.start)]
        for key in ("/Root", "/Info", "/ID"):
            value = self.trailer.raw_get(key) if key in self.trailer else None
            if value is not None:
                parts.append(key.encode() + b" " + _written(value))
        if stream is None:
            self.out += b"xref\n"
            for number in sorted(self.offsets):
                offset, generation = self.offsets[number]
                self.out += b"%d 1\n%010d %05d n\r\n" % (number, offset, generation)
            self.out += b"trailer\n<<" + b"".join(parts) + b">>"
        else:
            numbers = sorted(self.offsets)
            rows = b"".join(
                b"\x01"
                + self.offsets[number][0].to_bytes(5, "big")
                + self.offsets[number][1].to_bytes(2, "big")
                for number in numbers
            )
            index = b" ".join(b"%d 1" % number for number in numbers)
            self.out += b"%d 0 obj\n<</Type/XRef/W[1 5 2]/Index[%s]/Length %d%s>>stream\n%s\nendstream\nendobj" % (
                stream, index, len(rows), b"".join(parts), rows,
            )  # fmt: skip
        self.out += b"\nstartxref\n%d\n%%%%EOF\n" % at


def _append(
    pdf: bytes,
    reader: PdfReader,
    signer: pades.Signer,
    moment: datetime.datetime,
    reason: str,
    look: Look,
    place: Place,
    field: str,
) -> bytes:
    section = _Section(pdf, reader)
    page = reader.pages[place.page - 1]
    root_ref = reader.trailer.raw_get("/Root")
    page_ref = page.indirect_reference
    if not isinstance(root_ref, IndirectObject) or page_ref is None:
        raise Unfit("broken", "no catalogue")
    picture, ink, shown, widget, signature = (section.number() for _one in range(5))
    stamp = moment.astimezone(datetime.UTC).strftime("D:%Y%m%d%H%M%S+00'00'").encode()
    _draw(section, look, picture, ink, shown, int(page.get("/Rotate", 0) or 0))
    rect = _rectangle(page, look, place)
    section.write(
        widget,
        b"<</Type/Annot/Subtype/Widget/FT/Sig/T(%s)/V %d 0 R/P %s/Rect[%s]/F 132/AP<</N %d 0 R>>>>"
        % (field.encode(), signature, _written(page_ref), b" ".join(b"%.2f" % side for side in rect), shown),
    )
    added = IndirectObject(widget, 0, reader)
    dressed = DictionaryObject(page)
    dressed[NameObject("/Annots")] = ArrayObject([*_list(page, "/Annots"), added])
    section.write(page_ref.idnum, _written(dressed), page_ref.generation)
    root: Any = reader.trailer["/Root"]
    catalogue = DictionaryObject(root)
    acro: Any = catalogue.get("/AcroForm", DictionaryObject())
    form = DictionaryObject(acro.get_object())
    form[NameObject("/Fields")] = ArrayObject([*_list(form, "/Fields"), added])
    body = _written(form)
    body = re.sub(rb"/SigFlags \d+", b"", body)
    plain = DictionaryObject({key: value for key, value in catalogue.items() if key != "/AcroForm"})
    text = _written(plain)
    end = text.rindex(b">>")
    section.write(
        root_ref.idnum,
        text[:end] + b"/AcroForm " + body[: body.rindex(b">>")] + b"/SigFlags 3>>\n>>",
        root_ref.generation,
    )
    section.offsets[signature] = (len(section.out), 0)
    hole = pades.open_signature(section.out, signature, signer, stamp, reason)
    section.finish()
    pades.close_signature(section.out, hole, signer)
    return bytes(section.out)


def _list(holder: DictionaryObject, key: str) -> list[Any]:
    """The elements of an array as they are written, whether it stands here or elsewhere."""
    value = holder.get(key)
    found = value.get_object() if value is not None else None
    return list(found) if isinstance(found, ArrayObject) else []


def _written(value: Any) -> bytes:
    out = io.BytesIO()
    value.write_to_stream(out)
    return out.getvalue()


def _draw(section: _Section, look: Look, picture: int, ink: int, shown: int, rotate: int) -> None:
    """The picture: one red dot stretched under a mask of its ink; turned where the page is."""
    width, height, packed = ink_of(look.picture)
    section.write(
        ink,
        b"<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8"
        b"/Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (width, height, len(packed), packed),
    )
    section.write(
        picture,
        b"<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceRGB/BitsPerComponent 8/SMask %d 0 R"
        b"/Length 3>>stream\n\xc8\x10\x2e\nendstream" % ink,
    )
    wide, high = look.width * POINTS, look.height * POINTS
    turned = {90: b"0 1 -1 0 0 0", 180: b"-1 0 0 -1 0 0", 270: b"0 -1 1 0 0 0"}.get(
        rotate % 360, b"1 0 0 1 0 0"
    )
    drawing = b"q %.2f 0 0 %.2f 0 0 cm /Seal Do Q" % (wide, high)
    section.write(
        shown,
        b"<</Type/XObject/Subtype/Form/BBox[0 0 %.2f %.2f]/Matrix[%s]/Resources<</XObject<</Seal %d 0 R>>>>"
        b"/Length %d>>stream\n%s\nendstream" % (wide, high, turned, picture, len(drawing), drawing),
    )


def _rectangle(page: Any, look: Look, place: Place) -> tuple[float, float, float, float]:
    """The seal's rectangle on the page, kept whole within what is shown of it."""
    box = page.cropbox
    left, low = float(box.left), float(box.bottom)
    across, up = float(box.width), float(box.height)
    rotate = int(page.get("/Rotate", 0) or 0) % 360
    wide, high = look.width * POINTS, look.height * POINTS
    seen_across, seen_up = (up, across) if rotate in {90, 270} else (across, up)
    if wide > seen_across or high > seen_up:
        raise Unfit("place")
    x = min(max(place.x * seen_across, wide / 2), seen_across - wide / 2)
    y = min(max(place.y * seen_up, high / 2), seen_up - high / 2)
    middle = {90: (y, x), 180: (across - x, y), 270: (across - y, up - x)}.get(rotate, (x, up - y))
    if rotate in {90, 270}:
        wide, high = high, wide
    x, y = left + middle[0], low + middle[1]
    return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2

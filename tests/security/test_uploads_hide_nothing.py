"""Files that are two things at once, that carry scripts where one does not look, or that unpack to more than fits."""

import io
import zipfile
import zlib

import pytest
from PIL import Image

from qipan.kernel.evidence import sniffing
from qipan.kernel.ledger.errors import Refused

HEAD = b"%PDF-1.5\n1 0 obj <</Type /Catalog>> endobj\n"
END = b"\ntrailer <</Root 1 0 R>>\n%%EOF\n"


def packed(objects: bytes, *, filters: bytes = b"/FlateDecode") -> bytes:
    """A PDF with these objects in an object stream."""
    stream = zlib.compress(objects)
    head = (
        b"2 0 obj <</Type /ObjStm /N 1 /First 4 /Filter " + filters + b" /Length %d>> stream\n" % len(stream)
    )
    return HEAD + head + stream + b"\nendstream endobj" + END


def picture(form: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (40, 20), "white").save(stream, form)
    return stream.getvalue()


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.txt", "a")
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        HEAD + b"2 0 obj <</S /JavaScript /JS (app.alert\\(1\\))>> endobj" + END,
        HEAD + b"2 0 obj <</S /J#61vaScript /J#53<6170702e>>> endobj" + END,
        HEAD + b"2 0 obj <</XFA [(form) 3 0 R]>> endobj" + END,
        HEAD + b"2 0 obj <</S /SubmitForm /F (https://a.example)>> endobj" + END,
        HEAD + b"2 0 obj <</Subtype /RichMedia>> endobj" + END,
        packed(b"3 0 <</S /JavaScript /JS (x)>>"),
        packed(b"3 0 <</S /L#61unch>>"),
    ],
)
def test_a_pdf_with_a_script_is_refused_wherever_it_lies(content: bytes) -> None:
    with pytest.raises(Refused, match="脚本"):
        sniffing.media_type(content)


def test_a_pdf_that_nobody_can_look_into_is_refused() -> None:
    whole = packed(b"3 0 <</Type /Page>>")
    start = whole.index(b"stream\n") + 7
    with pytest.raises(Refused, match="加密或者损坏"):
        sniffing.media_type(whole[:start] + b"\x00\x01" + whole[start + 2 :])


def test_a_pdf_that_unpacks_to_more_than_fits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sniffing, "MOST_UNPACKED", 1_000_000)
    with pytest.raises(Refused, match="过大"):
        sniffing.media_type(packed(b"3 0 " + b" " * 1_000_001))


def test_a_plain_pdf_is_taken() -> None:
    assert sniffing.media_type(packed(b"3 0 <</Type /Page /Contents 4 0 R>>")) == "application/pdf"
    assert sniffing.media_type(HEAD + END) == "application/pdf"


@pytest.mark.parametrize(
    "content",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "b">]><svg onload="alert(1)"/>',
        b"<!doctype html><script>alert(1)</script>",
        picture("GIF"),
        zipped(),
        b"MZ" + b"\0" * 200,
    ],
)
def test_what_is_neither_picture_nor_paper_is_refused(content: bytes) -> None:
    with pytest.raises(Refused, match="只接受"):
        sniffing.media_type(content)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("tail", [b"<script>alert(1)</script>", b"<?php system('id');", zipped()])
def test_a_picture_that_is_something_else_as_well_is_refused(form: str, tail: bytes) -> None:
    with pytest.raises(Refused, match="夹带"):
        sniffing.media_type(picture(form) + tail)

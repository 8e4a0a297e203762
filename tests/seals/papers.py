"""PDFs of several makes, as people bring them: by pypdf (a table), with packed objects (a stream), locked, broken."""

import io
import zlib

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    TextStringObject,
)


def pdf(
    pages: int = 1, *, rotate: int = 0, words: str = "Contract", password: str = "", box: float = 842
) -> bytes:
    """Pages of A4 with some words, written by pypdf with a classic table."""
    writer = PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    for number in range(pages):
        page = writer.add_blank_page(595, box)
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 24 Tf 72 700 Td ({words} {number + 1}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(stream)
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
        if rotate:
            page[NameObject("/Rotate")] = NumberObject(rotate)
    if password:
        writer.encrypt(password)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def packed() -> bytes:
    """A file whose objects are found through a cross-reference stream, as most programs of today write it."""
    catalogue, tree, page, text = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 595 842]>>",
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<<>>>>",
        b"<</Length 3>>stream\nq Q\nendstream",
    )
    inside = catalogue + b" " + tree + b" " + page
    heads = b"1 0 2 %d 3 %d " % (len(catalogue) + 1, len(catalogue) + len(tree) + 2)
    out = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
    offsets = {}
    offsets[4] = len(out)
    out += b"4 0 obj\n" + text + b"\nendobj\n"
    offsets[5] = len(out)
    body = zlib.compress(heads + inside)
    out += b"5 0 obj\n<</Type/ObjStm/N 3/First %d/Filter/FlateDecode/Length %d>>stream\n%s\nendstream\nendobj\n" % (
        len(heads), len(body), body,
    )  # fmt: skip
    at = len(out)
    rows = [(0, 0, 255), (2, 5, 0), (2, 5, 1), (2, 5, 2), (1, offsets[4], 0), (1, offsets[5], 0), (1, at, 0)]
    table = b"".join(bytes([kind]) + place.to_bytes(4, "big") + bytes([more]) for kind, place, more in rows)
    out += b"6 0 obj\n<</Type/XRef/Size 7/W[1 4 1]/Root 1 0 R/Length %d>>stream\n%s\nendstream\nendobj\n" % (
        len(table), table,
    )  # fmt: skip
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % at)


def certified() -> bytes:
    """A file whose author allowed no further change (DocMDP, P 1)."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf())))
    told = DictionaryObject(
        {NameObject("/Type"): NameObject("/TransformParams"), NameObject("/P"): NumberObject(1)}
    )
    reference = DictionaryObject(
        {NameObject("/Type"): NameObject("/SigRef"), NameObject("/TransformParams"): told}
    )
    signature = DictionaryObject(
        {NameObject("/Type"): NameObject("/Sig"), NameObject("/Reference"): ArrayObject([reference])}
    )
    writer._root_object[NameObject("/Perms")] = DictionaryObject(
        {NameObject("/DocMDP"): writer._add_object(signature)}
    )
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def scripted() -> bytes:
    """A file with a script."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf())))
    writer._root_object[NameObject("/OpenAction")] = DictionaryObject(
        {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")}
    )
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def opening_at_a_place() -> bytes:
    """A file that says at which page it opens."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(2))))
    page = writer.pages[1].indirect_reference
    assert page is not None
    writer._root_object[NameObject("/OpenAction")] = ArrayObject([page, NameObject("/Fit")])
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def with_bad_table() -> bytes:
    """A file that readers can repair: its last line points into nowhere."""
    content = pdf()
    at = content.rindex(b"startxref")
    return content[:at] + b"startxref\n7\n%%EOF\n"

"""The child that draws a page of a PDF: `main([page])` with the file on standard input (see `pages`)."""

import io
import json
import sys
import tempfile
from pathlib import Path

DRAW = '#set page(width: auto, height: auto, margin: 0pt)\n#image("file.pdf", page: {page}, width: 595pt)\n'
DOTS = 150


def main(arguments: list[str]) -> bytes:
    """A line of JSON with the number of pages, then the page as WebP; nothing after the line beyond the last page."""
    import pypdf
    import typst
    from PIL import Image

    content = sys.stdin.buffer.read()
    count, page = len(pypdf.PdfReader(io.BytesIO(content)).pages), int(arguments[0])
    told = json.dumps({"pages": count}).encode() + b"\n"
    if not 1 <= page <= count:
        return told
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "file.pdf").write_bytes(content)
        Path(folder, "page.typ").write_text(DRAW.format(page=page), encoding="utf-8")
        drawn = typst.compile(str(Path(folder, "page.typ")), root=folder, format="png", ppi=DOTS)
    out = io.BytesIO()
    with Image.open(io.BytesIO(drawn[0] if isinstance(drawn, list) else drawn)) as picture:
        picture.convert("RGB").save(out, "WEBP", quality=82)
    return told + out.getvalue()

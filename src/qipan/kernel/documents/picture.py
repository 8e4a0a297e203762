"""The pictures of seals: round ones with a star, oval ones for invoices, square ones for a name.

Drawn here, as SVG; Typst makes it a PNG too. Forms and sizes follow what is in use; no text of a standard is at hand
(unconfirmed).
"""

import functools
import math
from xml.sax.saxutils import escape

from qipan.kernel.documents.models import SealKind

RED = "#c8102e"
SIZE = 420
FONT = 'font-family="Noto Serif SC" font-weight="700"'
MILLIMETRES = {SealKind.INVOICE: (40, 30), SealKind.LEGAL_REP: (20, 20)}
"""Width and height of the kinds that are not round."""
BELOW = {
    SealKind.LICENSING: "行政许可专用章",
    SealKind.CASEWORK: "行政执法专用章",
    SealKind.FINANCE: "财务专用章",
    SealKind.CONTRACT: "合同专用章",
}


def millimetres(kind: str) -> tuple[int, int]:
    """Width and height of a kind of seal."""
    return MILLIMETRES.get(
        SealKind(kind), (42, 42) if kind in BELOW or kind == SealKind.OFFICIAL else (40, 40)
    )


def svg(name: str, kind: str = SealKind.OFFICIAL, code: str = "") -> str:
    """The seal of a name: `code` is the tax number on an invoice seal."""
    if kind == SealKind.INVOICE:
        return _oval(name, code)
    if kind == SealKind.LEGAL_REP:
        return _square(name)
    return _round(name, BELOW.get(SealKind(kind), ""))


def _frame(width: int, height: int, inside: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"{inside}</svg>"
    )


def _text(x: float, y: float, size: float, sign: str, more: str = "") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" {more}text-anchor="middle" {FONT} font-size="{size:.0f}" fill="{RED}">'
        f"{escape(sign)}</text>"
    )


def _round(name: str, below: str) -> str:
    middle = SIZE / 2
    star = " ".join(
        f"{middle + radius * math.sin(angle):.1f},{middle - radius * math.cos(angle):.1f}"
        for step in range(10)
        for radius in [62 if step % 2 == 0 else 62 * 0.382]
        for angle in [math.pi * step / 5]
    )
    span = min(250, 16 * len(name) + 40)
    size = min(46, int(150 * math.radians(span) / max(len(name), 1)) + 6)
    letters = []
    for index, sign in enumerate(name):
        turn = -span / 2 + span * (index + 0.5) / len(name)
        letters.append(
            _text(middle, middle - 150, size, sign, f'transform="rotate({turn:.2f} {middle} {middle})" ')
        )
    foot = _text(middle, middle + 128, 34, below) if below else ""
    ring = (
        f'<circle cx="{middle}" cy="{middle}" r="{middle - 8}" fill="none" stroke="{RED}" stroke-width="11"/>'
    )
    return _frame(SIZE, SIZE, f'{ring}<polygon points="{star}" fill="{RED}"/>{"".join(letters)}{foot}')


def _oval(name: str, code: str) -> str:
    """The name on the upper arc, the tax number across the middle."""
    width, height = 420, 315
    x, y, across, up = width / 2, height / 2, 168, 108
    ring = (
        f'<ellipse cx="{x}" cy="{y}" rx="{x - 7}" ry="{y - 7}" fill="none" stroke="{RED}" stroke-width="9"/>'
    )
    size = min(34, int(480 / max(len(name), 1)) + 8)
    letters = []
    for index, sign in enumerate(name):
        angle = math.radians(-78 + 156 * (index + 0.5) / len(name))
        at_x, at_y = x + across * math.sin(angle), y - up * math.cos(angle) + size * 0.35
        turn = math.degrees(math.atan2(up * math.sin(angle), across * math.cos(angle)))
        letters.append(
            _text(at_x, at_y, size, sign, f'transform="rotate({turn:.1f} {at_x:.1f} {at_y:.1f})" ')
        )
    middle = _text(x, y + 14, 28, code, 'textLength="280" lengthAdjust="spacingAndGlyphs" ') if code else ""
    return _frame(width, height, f"{ring}{''.join(letters)}{middle}{_text(x, y + 92, 30, '发票专用章')}")


def _square(name: str) -> str:
    """Two columns, read from the right and downwards; 印 fills a name of three."""
    signs = (name[:3] + "印" if len(name) == 3 else name[:2] + "之印" if len(name) == 2 else name)[:6]
    half = -(-len(signs) // 2)
    columns = (signs[half:], signs[:half])
    side, size = 400, min(165, 340 // half)
    step = 360 / half
    letters = "".join(
        _text(110 + 180 * column, 20 + step * (row + 0.5) + size * 0.37, size, sign)
        for column, text in enumerate(columns)
        for row, sign in enumerate(text)
    )
    frame = f'<rect x="8" y="8" width="384" height="384" fill="none" stroke="{RED}" stroke-width="14"/>'
    return _frame(side, side, frame + letters)


def png(name: str, kind: str = SealKind.OFFICIAL, code: str = "") -> bytes:
    """The same as a PNG of 300 dots an inch, for the seal structure."""
    from qipan.kernel.documents.rendering import _compiler

    width, height = millimetres(kind)
    body = (
        f"#set page(width: {width}mm, height: {height}mm, margin: 0pt, fill: none)\n"
        f'#image(bytes(sys.inputs.svg), format: "svg", width: {width}mm)'
    )
    made = _compiler().compile(
        input=body.encode(), format="png", ppi=300, sys_inputs={"svg": svg(name, kind, code)}
    )
    if isinstance(made, list):
        made = made[0]
    if not isinstance(made, bytes):
        raise TypeError("one picture was expected")
    return small(made)


def small(picture: bytes) -> bytes:
    """The picture with a palette of 16: red ink in 16 densities says all of it, in a quarter of the bytes."""
    import io

    from PIL import Image

    with Image.open(io.BytesIO(picture)) as full:
        alpha = full.convert("RGBA").getchannel("A").point(lambda value: round(value / 17))
    plain = Image.frombytes("P", alpha.size, alpha.tobytes())
    plain.putpalette([0xC8, 0x10, 0x2E] * 16)
    out = io.BytesIO()
    plain.save(out, "PNG", optimize=True, bits=4, transparency=bytes(17 * step for step in range(16)))
    return out.getvalue()


@functools.lru_cache(maxsize=256)
def ink_of(picture: bytes) -> tuple[int, int, bytes]:
    """Width, height and packed ink of a seal's picture, one byte a dot: what a PDF needs of it, made once."""
    import io
    import zlib

    from PIL import Image

    with Image.open(io.BytesIO(picture)) as full:
        ink = full.convert("RGBA").getchannel("A")
        return ink.width, ink.height, zlib.compress(ink.tobytes(), 6)

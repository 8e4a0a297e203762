"""The picture of a unit's seal: a red ring, a star, the name on an arc. Drawn here, as SVG; Typst makes it a PNG too."""

import math
from xml.sax.saxutils import escape

RED = "#c8102e"
SIZE = 420


def svg(name: str) -> str:
    """A round seal of 42 mm with the unit's name on its upper arc."""
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
            f'<text x="{middle}" y="{middle - 150}" transform="rotate({turn:.2f} {middle} {middle})" text-anchor="middle"'
            f' font-family="Noto Serif SC" font-weight="700" font-size="{size}" fill="{RED}">{escape(sign)}</text>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" width="{SIZE}" height="{SIZE}">'
        f'<circle cx="{middle}" cy="{middle}" r="{middle - 8}" fill="none" stroke="{RED}" stroke-width="11"/>'
        f'<polygon points="{star}" fill="{RED}"/>{"".join(letters)}</svg>'
    )


def png(name: str) -> bytes:
    """The same as a PNG of 500 pixels, for the seal structure."""
    from qipan.kernel.documents.rendering import _compiler

    body = (
        "#set page(width: 42mm, height: 42mm, margin: 0pt, fill: none)\n"
        '#image(bytes(sys.inputs.svg), format: "svg", width: 42mm)'
    )
    made = _compiler().compile(input=body.encode(), format="png", ppi=300, sys_inputs={"svg": svg(name)})
    if isinstance(made, list):
        made = made[0]
    if not isinstance(made, bytes):
        raise TypeError("one picture was expected")
    return made

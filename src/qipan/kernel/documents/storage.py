"""Where finished files stand: by their digest, immutable, written to disk before anybody is told of them."""

import hashlib
import os
from pathlib import Path

import segno
from django.conf import settings
from django.utils.translation import gettext as _

from qipan.kernel.ledger.errors import Refused

QR_MASK = 4


def folder() -> Path:
    """The archive of documents."""
    return Path(settings.HOME) / "documents"


def path_of(digest: str) -> Path:
    """The file of a digest."""
    return folder() / digest[:2] / digest[2:4] / f"{digest}.pdf"


def put(content: bytes) -> str:
    """Archive a file; returns its SHA-256 digest in hex. The same content is kept once."""
    digest = hashlib.sha256(content).hexdigest()
    path = path_of(digest)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        with partial.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        partial.chmod(0o440)
        partial.replace(path)
    return digest


def get(digest: str) -> bytes:
    """The file; refuses when it is gone or no longer what it was."""
    try:
        content = path_of(digest).read_bytes()
    except OSError:
        raise Refused(_("文书文件不在档案中，请联系系统管理员。"), code="not_found") from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise Refused(_("档案中的文书文件已损坏，请联系系统管理员从备份恢复。"), code="state")
    return content


def qr_svg(text: str) -> str:
    """A QR code as SVG, without a border of its own.

    The mask is given: a reader takes any of the eight, and to weigh them all costs four times the rest.
    """
    matrix = segno.make(text, error="m", mask=QR_MASK).matrix
    size, parts = len(matrix), []
    for y, row in enumerate(matrix):
        line, x = bytes(row), 0
        while (x := line.find(1, x)) >= 0:
            end = line.find(0, x)
            end = size if end < 0 else end
            parts.append(f"M{x} {y}.5h{end - x}")
            x = end
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" class="segno">'
        f'<path class="qrline" stroke="#000" d="{"".join(parts)}"/></svg>'
    )

"""Small pictures of files, for lists and pages: without the place and time that a camera writes into a photo."""

import io
from pathlib import Path

from PIL import Image, ImageOps

from qipan.kernel.evidence import sniffing, storage
from qipan.kernel.evidence.models import Evidence

LONGEST = 480
MEDIA_TYPE = "image/webp"
#: What stands for a file that has no picture of its own.
ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 120" width="96" height="120" role="img"><path d="M8 4h56l24 24v88H8z" fill="#fff" stroke="#5b6b7b" stroke-width="4"/><path d="M64 4v24h24" fill="none" stroke="#5b6b7b" stroke-width="4"/><text x="48" y="82" font-family="sans-serif" font-size="24" text-anchor="middle" fill="#5b6b7b">{name}</text></svg>"""
NAMES = {"application/pdf": "PDF", "video/mp4": "MP4"}


def of(evidence: Evidence) -> tuple[bytes, str]:
    """(content, media type) of the preview; made at the first call and kept. Refuses a file that is gone or changed."""
    if not evidence.media_type.startswith("image/"):
        return ICON.format(name=NAMES.get(evidence.media_type, "FILE")).encode(), "image/svg+xml"
    path = storage.folder() / "preview" / evidence.digest[:2] / f"{evidence.digest}.webp"
    try:
        return path.read_bytes(), MEDIA_TYPE
    except OSError:
        pass
    content = reduced(storage.get(evidence.digest), LONGEST)
    keep(path, content)
    return content, MEDIA_TYPE


def reduced(content: bytes, longest: int) -> bytes:
    """A picture upright, its longer side at most so many dots, without what a camera writes into it."""
    with Image.open(io.BytesIO(content)) as picture:
        if picture.width * picture.height > sniffing.MOST_PIXELS:
            return ICON.format(name="IMG").encode()
        picture.draft("RGB", (longest * 2, longest * 2))  # a JPEG is not unpacked larger than needed
        upright = ImageOps.exif_transpose(picture)
        upright.thumbnail((longest, longest))
        out = io.BytesIO()
        clear = "A" in upright.getbands() or "transparency" in upright.info
        upright.convert("RGBA" if clear else "RGB").save(out, "WEBP", quality=80)
        return out.getvalue()


def keep(path: Path, content: bytes) -> None:
    """Put a file in its place in one go."""
    path.parent.mkdir(parents=True, exist_ok=True)
    growing = path.with_name(f".{path.name}.{id(content)}")
    growing.write_bytes(content)
    growing.replace(path)

"""What a file really is, told by its content; what may not come in."""

import io
import re
import zlib
from collections.abc import Iterator

import filetype
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

from qipan.kernel.ledger.errors import Refused

ENDINGS = {
    "image/jpeg": (".jpg", ".jpeg", ".jfif"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "application/pdf": (".pdf",),
    "video/mp4": (".mp4", ".m4v"),
}
"""How the names of a kind end; the first is given to a name that ends otherwise."""
MOST_PIXELS = 60_000_000
ACTIVE_PDF = re.compile(
    rb"/JavaScript|/JS[\s(<]|/Launch|/EmbeddedFile|/OpenAction|/RichMedia|/SubmitForm|/ImportData|/XFA[\s\[(<]"
)
SCRIPTED_PDF = re.compile(rb"/JavaScript|/JS[\s(<]|/Launch|/RichMedia|/SubmitForm|/ImportData|/XFA[\s\[(<]")
"""What can change what a file shows: a place to open at and attachments cannot."""
WRITTEN_BY_CODE = re.compile(rb"#([0-9A-Fa-f]{2})")
"""A sign of a name by its number: `/J#61vaScript` is `/JavaScript` to a viewer."""
PACKED_OBJECTS = re.compile(rb"/ObjStm\b.{0,400}?stream\r?\n", re.DOTALL)
MOST_UNPACKED = 64 * 1024 * 1024


def media_type(content: bytes) -> str:
    """The media type by content. Refuses what is not allowed, hides something else, or unpacks to a monstrous size."""
    found = filetype.guess_mime(content[:8192]) or ""
    if found not in ENDINGS:
        raise Refused(
            _("只接受 JPG、PNG、WebP 图片，PDF 文件和 MP4 视频。这个文件不是其中任何一种。"), field="file"
        )
    if found.startswith("image/"):
        _check_image(content, found)
    elif found == "application/pdf" and _is_active(content):
        raise Refused(
            _("PDF 中含有脚本、附件或者自动动作，不能接收。请另存为普通 PDF 后重新上传。"), field="file"
        )
    return found


def is_scripted(content: bytes) -> bool:
    """Whether a PDF could show something else tomorrow, by a script or an action of its own."""
    return _has(SCRIPTED_PDF, content)


def _is_active(content: bytes) -> bool:
    """Whether a PDF has scripts, attachments or actions of its own."""
    return _has(ACTIVE_PDF, content)


def _has(pattern: re.Pattern[bytes], content: bytes) -> bool:
    """Whether a PDF has it in the open, written by code, or packed."""
    return any(
        pattern.search(WRITTEN_BY_CODE.sub(lambda code: bytes([int(code[1], 16)]), part))
        for part in (content, *_unpacked(content))
    )


def _unpacked(content: bytes) -> Iterator[bytes]:
    """The packed objects of a PDF (object streams). Refuses those that nobody can look into, or that grow too large."""
    room = MOST_UNPACKED
    for start in PACKED_OBJECTS.finditer(content):
        try:
            part = zlib.decompressobj().decompress(content[start.end() :], room)
        except zlib.error:
            raise Refused(
                _("PDF 已加密或者损坏，不能检查其中有没有脚本。请另存为普通 PDF 后重新上传。"), field="file"
            ) from None
        room -= len(part)
        if room <= 0:
            raise Refused(_("PDF 解压后过大，不能接收。请另存为普通 PDF 后重新上传。"), field="file")
        yield part


def proper_name(name: str, kind: str) -> str:
    """A name whose ending tells what the file is: `invoice.exe` that is a PDF becomes `invoice.exe.pdf`."""
    endings = ENDINGS[kind]
    return name if not name or name.lower().endswith(endings) else name[: 200 - len(endings[0])] + endings[0]


def _check_image(content: bytes, found: str) -> None:
    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Refused(_("图片过大（超过六千万像素），请压缩后重新上传。"), field="file")
            if Image.MIME.get(image.format or "") != found:
                raise Refused(_("图片内容与格式不符，不能接收。"), field="file")
            image.verify()
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError):
        raise Refused(_("图片已损坏，不能接收。"), field="file") from None
    tail = content[-4096:].lower()
    if b"<script" in tail or b"<?php" in tail or b"pk\x03\x04" in tail:
        raise Refused(_("图片末尾夹带了其他内容，不能接收。"), field="file")

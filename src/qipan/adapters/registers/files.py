"""What kind of file was delivered, by its content and never by its name alone."""

import gzip
import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qipan.kernel.ledger.errors import Refused

#: A workbook may unpack to this many bytes in all; its table of texts is held in memory and has a limit of its own.
UNPACKED = 2 << 30
SHARED = 400 << 20
ENTRIES = 5000
#: Real sheets shrink to about a tenth; what shrinks a thousandfold is made to fill the machine.
RATIO = 250
CHUNK = 1 << 20

FOREIGN = (
    (
        b"\xd0\xcf\x11\xe0",
        gettext_lazy("旧版 Excel（.xls）或者加密的工作簿"),
        gettext_lazy("请在 Excel 中去掉密码，另存为 .xlsx 或 CSV 后再导入。"),
    ),
    (b"%PDF", "PDF", gettext_lazy("请向提供方索取表格文件（.xlsx 或 CSV）。")),
    (b"\x89PNG", gettext_lazy("图片"), gettext_lazy("请提供表格文件（.xlsx 或 CSV）。")),
    (b"\xff\xd8\xff", gettext_lazy("图片"), gettext_lazy("请提供表格文件（.xlsx 或 CSV）。")),
    (b"Rar!", gettext_lazy("RAR 压缩包"), gettext_lazy("请先解压，再导入其中的表格文件。")),
    (b"7z\xbc\xaf", gettext_lazy("7z 压缩包"), gettext_lazy("请先解压，再导入其中的表格文件。")),
    (b"PAR1", "Parquet", gettext_lazy("请导出为 CSV 后再导入。")),
    (b"SQLite format 3", "SQLite", gettext_lazy("请导出为 CSV 后再导入。")),
)


@dataclass(frozen=True)
class Delivered:
    """A file that can be read: `kind`, its size in bytes and the SHA-256 of its bytes."""

    path: Path
    kind: Literal["text", "xlsx"]
    packed: bool
    size: int
    digest: str

    def open(self) -> IO[bytes]:
        """The bytes of a text file, unpacked where it is gzip."""
        return gzip.open(self.path, "rb") if self.packed else self.path.open("rb")  # type: ignore[return-value]


def look_at(path: Path, seen: Callable[[int], None] = lambda count: None) -> Delivered:
    """Read the whole file once for its digest and say what it is. Refuses what cannot be a register."""
    if not path.exists():
        raise Refused(_("找不到文件 %(file)s。") % {"file": path.name}, code="not_found", field="file")
    if path.is_dir():
        raise Refused(_("%(file)s 是文件夹，请给出其中的一个文件。") % {"file": path.name}, field="file")
    total, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        head = stream.read(4096)
        stream.seek(0)
        while chunk := stream.read(CHUNK):
            total.update(chunk)
            size += len(chunk)
            seen(len(chunk))
    if not head.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise Refused(_("文件 %(file)s 是空的。") % {"file": path.name}, field="file")
    for magic, what, todo in FOREIGN:
        if head.startswith(magic):
            raise _foreign(path, what, todo)
    if head.startswith(b"PK"):
        _check_workbook(path)
        return Delivered(path, "xlsx", False, size, total.hexdigest())
    packed = head.startswith(b"\x1f\x8b")
    if packed:
        head = _unpacked_head(path)
    if head.lstrip()[:200].lower().startswith((b"<html", b"<!doctype", b"<?xml", b"<table", b"<head")):
        raise _foreign(
            path, _("网页（有的系统导出时冒充 Excel）"), _("请用 Excel 打开，另存为 .xlsx 或 CSV 后再导入。")
        )
    return Delivered(path, "text", packed, size, total.hexdigest())


def _foreign(path: Path, what: Any, todo: Any) -> Refused:
    return Refused(
        _("文件 %(file)s 是%(what)s，不能作为登记簿读取。%(todo)s")
        % {"file": path.name, "what": what, "todo": todo},
        field="file",
    )


def _unpacked_head(path: Path) -> bytes:
    try:
        with gzip.open(path, "rb") as stream:
            return stream.read(4096)
    except (OSError, EOFError):
        raise Refused(
            _("压缩文件 %(file)s 已损坏，请重新获取。") % {"file": path.name}, field="file"
        ) from None


def _check_workbook(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        raise Refused(
            _("文件 %(file)s 已损坏或者没有下载完整，请重新获取。") % {"file": path.name}, field="file"
        ) from None
    names = {entry.filename for entry in entries}
    if not any(name.startswith("xl/workbook") for name in names):
        raise _foreign(path, _("压缩包或者其他办公文档"), _("请先解压，或者另存为 .xlsx 或 CSV 后再导入。"))
    if any(name.endswith(".bin") and name.startswith("xl/workbook") for name in names):
        raise _foreign(path, _("二进制工作簿（.xlsb）"), _("请另存为 .xlsx 或 CSV 后再导入。"))
    unpacked = sum(entry.file_size for entry in entries)
    shared = sum(entry.file_size for entry in entries if "sharedStrings" in entry.filename)
    swollen = any(
        entry.file_size > 10 << 20 and entry.file_size > RATIO * max(entry.compress_size, 1)
        for entry in entries
    )
    if len(entries) > ENTRIES or unpacked > UNPACKED or shared > SHARED or swollen:
        raise Refused(
            _(
                "工作簿 %(file)s 解开后有 %(size)d MB，超出限度或者压缩得不正常，没有读取。"
                "请确认来源；确是真实数据的，请另存为 CSV 后再导入。"
            )
            % {"file": path.name, "size": unpacked >> 20},
            field="file",
        )

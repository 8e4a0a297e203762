"""Template and data to PDF: Typst, in process, with the fonts at hand and nothing else of the machine.

A character that none of the fonts has stops the document with a clear message; a missing box never gets under a seal.
"""

import datetime
import functools
import json
import threading
from pathlib import Path
from typing import Any

import typst
from django.conf import settings
from django.utils.translation import gettext as _
from fontTools.ttLib import TTFont

from qipan.kernel.ledger.errors import Refused

LAYOUT = Path(__file__).parent / "catalogue" / "layout"
_local = threading.local()


def font_folders() -> list[Path]:
    """Where fonts are looked for: the operator's, those of the front end's packages, the system's for rare characters."""
    packages = Path(settings.ROOT) / "frontend" / "node_modules" / "@expo-google-fonts"
    rare = [folder for folder in map(Path, settings.QIPAN_RARE_FONTS) if folder.is_dir()]
    return [*map(Path, settings.QIPAN_FONTS), packages / "noto-serif-sc", packages / "noto-sans-sc", *rare]


@functools.cache
def font_files() -> tuple[Path, ...]:
    """Every font file, in the order of preference. Refuses when there is none at all."""
    wanted = ("400Regular", "700Bold")
    found: list[Path] = []
    for folder in font_folders():
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".ttf", ".otf"})
        packaged = [path for path in files if path.parent.name in wanted]
        found += packaged or files
    if not found:
        raise Refused(
            _(
                "没有找到中文字体，不能制作文书。请运行 ./qipan doctor 查看，或者用 QIPAN_FONTS 指定字体文件夹。"
            ),
            code="state",
        )
    return tuple(found)


@functools.cache
def covered() -> frozenset[str]:
    """Every character that some font has, and those that need no glyph (up to the space)."""
    signs: set[int] = set()
    for file in font_files():
        with TTFont(file, lazy=True) as font:
            # Nobody asks for the glyphs' names here; working them out takes a second a process.
            font.setGlyphOrder([""] * font["maxp"].numGlyphs)
            signs |= set(font.getBestCmap())
    return frozenset(map(chr, signs.union(range(33))))


def missing(values: Any, path: str = "") -> list[tuple[str, str]]:
    """The (field, character) pairs of the data that no font can show."""
    if isinstance(values, dict):
        return [
            pair
            for key, value in values.items()
            for pair in missing(value, f"{path}.{key}" if path else str(key))
        ]
    if isinstance(values, list | tuple):
        return [pair for value in values for pair in missing(value, path)]
    if isinstance(values, str):
        have = covered()
        if have.issuperset(values):
            return []
        return [(path, sign) for sign in dict.fromkeys(values) if sign not in have]
    return []


def _compiler() -> typst.Compiler:
    """One compiler a thread: its fonts and its memory of what was compiled before are kept."""
    if not hasattr(_local, "compiler"):
        _local.compiler = typst.Compiler(
            root=str(LAYOUT),
            font_paths=[str(folder) for folder in font_folders() if folder.exists()],
            ignore_system_fonts=True,
        )
    return _local.compiler


def _refuse_gaps(data: dict[str, Any]) -> None:
    if gaps := missing(data):
        field, sign = gaps[0]
        raise Refused(
            _(
                "字体中没有“%(sign)s”（U+%(code)04X，字段 %(field)s），文书暂不能用印。请安装含有该字的字体（例如软件包 fonts-hanazono，或者用 QIPAN_FONTS 指定字体文件夹）后重试。"
            )
            % {"sign": sign, "code": ord(sign), "field": field},
            code="state",
            field=field,
            details={"missing": gaps},
        )


def render(body: str, data: dict[str, Any], moment: datetime.datetime) -> bytes:
    """A template's body with its data as a PDF/A-2b file.

    Refuses characters that no font has (naming field and character) and templates that do not compile.
    """
    _refuse_gaps(data)
    try:
        made = _compiler().compile(
            input=body.encode(),
            format="pdf",
            sys_inputs={"data": json.dumps(data, ensure_ascii=False, default=str)},
            pdf_standards=["a-2b"],
            timestamp=int(moment.timestamp()),
        )
    except typst.TypstError as error:
        raise Refused(_("文书模板有误：%(error)s") % {"error": error.message}, code="state") from error
    if not isinstance(made, bytes):
        raise TypeError("one file was expected")
    return made


def pictures(body: str, data: dict[str, Any], dots: int = 96) -> list[bytes]:
    """The same as pictures (PNG), a page each, for a look before it is made. Refuses as `render` does."""
    _refuse_gaps(data)
    try:
        made = _compiler().compile(
            input=body.encode(),
            format="png",
            ppi=dots,
            sys_inputs={"data": json.dumps(data, ensure_ascii=False, default=str)},
        )
    except typst.TypstError as error:
        raise Refused(_("文书模板有误：%(error)s") % {"error": error.message}, code="state") from error
    return [bytes(one) for one in made] if isinstance(made, list) else [bytes(made or b"")]

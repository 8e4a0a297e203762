"""Text tables (CSV and its kin): encoding, delimiter, and lines that survive a stray quote."""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from qipan.adapters.registers.files import Delivered
from qipan.kernel.ledger.errors import Refused

LONGEST = 200_000
#: A quoted value may run over this many lines; an open quote that runs further is a stray one.
SPAN = 25
DELIMITERS = (",", "\t", ";", "|", "，", "；")
LOST = "\ufffd"
#: What stands for a byte that is none of UTF-8; the sign U+FFFD does not: an earlier system may have left it there.
UNREAD = re.compile("[\udc80-\udcff]")
#: Below this share of damaged characters a file is UTF-8 with damaged lines, above it another encoding.
DAMAGED = 0.02
UNPACKED = 4 << 30


@dataclass(frozen=True, slots=True)
class Raw:
    """One row as it stands in the file; `damage` says why it cannot be read."""

    line: int
    cells: list[Any]
    damage: str = ""
    repaired: str = ""


@dataclass
class Table:
    """One table of a delivery: a text file, or a sheet of a workbook."""

    name: str
    rows: Iterator[Raw]
    epoch: Any = None
    merged: dict[int, dict[int, int]] = field(default_factory=dict)


def encoding_of(file: Delivered) -> str:
    """The encoding of a text file: by its mark, by its zero bytes, else UTF-8 where it holds and GB18030 where not."""
    with file.open() as stream:
        head = stream.read(1 << 16)
        for mark, name in (
            (codecs.BOM_UTF8, "utf-8-sig"),
            (codecs.BOM_UTF32_LE, "utf-32"),
            (codecs.BOM_UTF16_LE, "utf-16"),
            (codecs.BOM_UTF16_BE, "utf-16"),
        ):
            if head.startswith(mark):
                return name
        even, odd = head[::2].count(0), head[1::2].count(0)
        if even + odd > len(head) // 20 and max(even, odd) > 9 * min(even, odd):
            return "utf-16-be" if even > odd else "utf-16-le"
        decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        lost = strange = size = 0
        chunk = head
        while chunk:
            size += len(chunk)
            if size > UNPACKED:
                raise Refused(_("文件解开后超过 4 GB，没有读取；请分成几个文件导入。"), field="file")
            if not chunk.isascii():
                text = decoder.decode(chunk)
                lost += len(UNREAD.findall(text))
                strange += sum(len(run) for run in re.findall(r"[^\x00-\x7f]+", text))
            chunk = stream.read(1 << 20)
        lost += len(UNREAD.findall(decoder.decode(b"", True)))
    return "utf-8" if lost <= DAMAGED * strange else "gb18030"


def table_of(
    file: Delivered, encoding: str = "", delimiter: str = "", seen: Callable[[int], None] = lambda count: None
) -> tuple[Table, str]:
    """The rows of a text file, streamed, and the encoding that was found."""
    name = encoding or encoding_of(file)
    try:
        codecs.lookup(name)
    except LookupError:
        raise Refused(_("没有名为 %(name)s 的编码。") % {"name": name}, field="encoding") from None
    stream = io.TextIOWrapper(file.open(), encoding=name, errors="replace", newline=None)  # type: ignore[arg-type]
    return Table("", _records(_lines(stream, seen), delimiter)), name


def _lines(stream: io.TextIOWrapper, seen: Callable[[int], None]) -> Iterator[tuple[int, str, bool]]:
    number, moved = 0, 0
    try:
        while True:
            text = stream.readline(LONGEST)
            if not text:
                return
            number += 1
            too_long = len(text) >= LONGEST and not text.endswith("\n")
            while too_long and (rest := stream.readline(LONGEST)) and not rest.endswith("\n"):
                pass
            moved += len(text)
            if moved > 1 << 20:
                seen(moved)
                moved = 0
            yield number, text.removesuffix("\n"), too_long
    except (OSError, EOFError, UnicodeError) as problem:
        raise Refused(
            _("文件在第 %(line)d 行之后读不下去（%(problem)s），没有写入；请重新获取文件。")
            % {"line": number, "problem": problem},
            field="file",
        ) from None


def _sniffed(text: str) -> str:
    return max(DELIMITERS, key=lambda sign: (text.count(sign), -DELIMITERS.index(sign)))


def _records(lines: Iterator[tuple[int, str, bool]], delimiter: str) -> Iterator[Raw]:
    waiting: list[tuple[int, str, bool]] = []

    def next_line() -> tuple[int, str, bool] | None:
        return waiting.pop(0) if waiting else next(lines, None)

    candidates: list[str] = []
    if not delimiter:
        waiting = [line for _n, line in zip(range(12), lines, strict=False)]
        candidates = [text for _number, text, _long in waiting]
        delimiter = _sniffed("\n".join(candidates))
    sign = re.escape(delimiter)
    one = rf'(?:"(?:[^"]|"")*+"[^{sign}"]*+|[^"{sign}][^{sign}]*+|)'
    closed = re.compile(rf"{one}(?:{sign}{one})*+", re.S)
    # A value that runs over lines must end at a delimiter: otherwise a stray quote would swallow the next rows up to
    # the next stray quote, and two rows would be read as one.
    proper = rf'(?:"(?:[^"]|"")*+"|[^"{sign}][^{sign}]*+|)'
    spanning = re.compile(rf"{proper}(?:{sign}{proper})*+", re.S)
    while (line := next_line()) is not None:
        number, text, too_long = line
        if too_long:
            yield Raw(number, [text[:80]], _("一行超过 20 万个字符"))
            continue
        repaired = ""
        if "\x00" in text:
            text, repaired = text.replace("\x00", ""), _("含有空字节（NUL），已去掉")
        if '"' not in text:
            yield Raw(number, text.split(delimiter), _damage(text), repaired)
            continue
        whole, taken = text, []
        while not (spanning if taken else closed).fullmatch(whole):
            following = next_line() if len(taken) < SPAN and len(whole) < LONGEST else None
            if following is None or following[2]:
                if following is not None:
                    taken.append(following)
                waiting = [*taken, *waiting]
                yield Raw(number, [text[:200]], _("引号没有成对，看不出这一行到哪里结束"))
                break
            taken.append(following)
            whole += "\n" + following[1].replace("\x00", "")
        else:
            cells = next(csv.reader(io.StringIO(whole, newline=""), delimiter=delimiter))
            yield Raw(number, cells, _damage(whole), repaired)


def _damage(text: str) -> str:
    return _("含有无法识别的字符（编码已损坏）") if LOST in text else ""

"""Workbooks: every sheet as a stream of rows, with limits against what only pretends to be a table."""

import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import openpyxl
from defusedxml.common import DefusedXmlException
from django.utils.translation import gettext as _
from openpyxl.utils.exceptions import InvalidFileException

from qipan.adapters.registers.files import Delivered
from qipan.adapters.registers.texts import Raw, Table
from qipan.kernel.ledger.errors import Refused

COLUMNS = 500
#: Formatting often reaches the last row of a sheet; so many empty rows on end are its end.
EMPTY = 20_000
BROKEN = (
    zipfile.BadZipFile,
    InvalidFileException,
    DefusedXmlException,
    KeyError,
    ValueError,
    OSError,
    EOFError,
    SyntaxError,  # xml.etree's ParseError is one
)


def tables_of(file: Delivered, seen: Callable[[int], None] = lambda count: None) -> Iterator[Table]:
    """The sheets of a workbook, in their order, hidden ones included."""
    try:
        book = openpyxl.load_workbook(file.path, read_only=True, data_only=True, keep_links=False)
    except BROKEN as problem:
        raise _broken(file, problem) from None
    share = file.size // max(len(book.worksheets), 1)
    try:
        for sheet in book.worksheets:
            if hasattr(sheet, "reset_dimensions"):
                sheet.reset_dimensions()  # what the file says of its size may be wrong
            yield Table(sheet.title, _rows(file, sheet), book.epoch)
            seen(share)
    finally:
        book.close()


def _broken(file: Delivered, problem: Exception) -> Refused:
    return Refused(
        _("工作簿 %(file)s 读不出来（%(problem)s），没有写入；请用 Excel 打开后另存一份再导入。")
        % {"file": file.path.name, "problem": type(problem).__name__},
        field="file",
    )


def _rows(file: Delivered, sheet: Any) -> Iterator[Raw]:
    empty = 0
    try:
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            values = list(cells[:COLUMNS])
            while values and values[-1] in (None, ""):
                values.pop()
            if not values:
                empty += 1
                if empty > EMPTY:
                    return
                continue
            empty = 0
            yield Raw(number, values)
    except BROKEN as problem:
        raise _broken(file, problem) from None

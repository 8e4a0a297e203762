"""Messy registers for tests: rows of restaurants with valid codes, and the many ways in which files are wrong."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl

from qipan.adapters.registers import service
from qipan.adapters.registers.service import Outcome
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.subjects import codes

HEADINGS = (
    "企业名称",
    "统一社会信用代码",
    "住所",
    "法定代表人",
    "联系电话",
    "成立日期",
    "注册资本",
    "登记状态",
)


def uscc(number: int) -> str:
    """A credit code with valid check signs."""
    return codes.make_uscc("92", "440304", f"MA5{number:05d}")


def reg_no(number: int) -> str:
    """An old 15-digit registration number with a valid check digit."""
    body = f"440301{number:08d}"
    return body + codes.mod_11_10(body)


def restaurant(number: int, **changes: Any) -> dict[str, Any]:
    """One row as a tidy register has it."""
    row = {
        "企业名称": f"深圳市福田区粤味小馆{number}号店",
        "统一社会信用代码": uscc(number),
        "住所": f"深圳市福田区园岭街道红荔路{number}号",
        "法定代表人": "王小明",
        "联系电话": "13800138000",
        "成立日期": "2018-05-04",
        "注册资本": "10万元",
        "登记状态": "存续",
    }
    return row | changes


def text(rows: Iterable[Mapping[str, Any]], headings: Sequence[str] = HEADINGS, delimiter: str = ",") -> str:
    """Rows as CSV."""
    stream = io.StringIO()
    out = csv.writer(stream, delimiter=delimiter, lineterminator="\r\n")
    out.writerow(headings)
    out.writerows([row.get(name, "") for name in headings] for row in rows)
    return stream.getvalue()


def workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]], merge: Iterable[str] = ()) -> Path:
    """Sheets of cells as a workbook; `merge` are ranges of the first sheet."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    for cells in merge:
        book.worksheets[0].merge_cells(cells)
    book.save(path)
    return path


def take(path: Path, **options: Any) -> Outcome:
    """Import a file as the program does, with a report beside it."""
    return service.import_subjects(
        path,
        actor=options.pop("actor", Actor.system("SZ/")),
        report=options.pop("report", path.with_suffix(".report.csv")),
        **options,
    )


def report_of(path: Path) -> list[dict[str, str]]:
    """The lines of the report of a file."""
    with path.with_suffix(".report.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def counts(outcome: Outcome) -> tuple[int, int, int, int, int]:
    """(read, created, updated, known, rejected)."""
    result = outcome.result
    return result.read, result.created, result.updated, result.known, result.rejected

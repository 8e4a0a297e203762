"""The report of an import: one line for each thing that was not as it should be, for the one who keeps the register."""

import csv
from collections.abc import Iterable
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qipan.kernel.subjects.importing import Note

LEVELS = {"error": gettext_lazy("退回"), "warning": gettext_lazy("提醒"), "hint": gettext_lazy("重复")}


def write(path: Path, notes: Iterable[Note]) -> int:
    """Write the report (CSV, UTF-8 with mark, so that Excel shows it right); returns the number of its lines."""
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        out = csv.writer(stream)
        out.writerow([_("工作表"), _("行号"), _("结果"), _("项目"), _("原值"), _("原因"), _("怎么办")])
        for note in notes:
            out.writerow(
                [
                    _safe(note.sheet),
                    note.line or "",
                    LEVELS[note.level],
                    _safe(note.field),
                    _safe(note.value),
                    note.reason,
                    note.todo,
                ]
            )
            count += 1
    return count


def _safe(text: str) -> str:
    """What a spreadsheet would take for a formula is shown as text."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text

"""Importing a register of subjects from a file: the one door of this room.

report = import_subjects(Path("register.csv"), actor=Actor.system("SZ/"))
"""

import dataclasses
import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from django.utils.translation import gettext as _

from qipan.adapters.registers import files, headings, mapping, reports, sheets, texts, values
from qipan.adapters.registers.converting import Converter
from qipan.adapters.registers.mapping import Mapping
from qipan.adapters.registers.texts import Raw, Table
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.places import OfficeFinder
from qipan.kernel.subjects.importing import Delivery, ImportedRow, Intake, Note, Result

BATCH = 2000
__all__ = ["Outcome", "Watcher", "import_subjects"]


@dataclass
class Watcher:
    """Who watches an import: called with the bytes read of a phase, and when a phase begins."""

    phase: Callable[[str, int], None] = lambda title, size: None
    read: Callable[[int], None] = lambda count: None
    columns: Callable[[str, dict[str, str], list[str]], None] = lambda sheet, used, unused: None


@dataclass(frozen=True)
class Outcome:
    """What an import did. `columns` gives, for each sheet, field → heading; `unused` the headings that filled nothing."""

    result: Result
    report: str
    notes: int
    encoding: str
    guessed: bool
    dry_run: bool
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    unused: dict[str, list[str]] = field(default_factory=dict)
    skipped_sheets: tuple[str, ...] = ()
    manifest: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As a program reads it."""
        flat = dataclasses.asdict(self)
        return {**flat.pop("result"), **flat}


@dataclass
class Reader:
    """The tables of one delivery, read one after the other into an intake."""

    file: files.Delivered
    map: Mapping | None
    source: str
    watcher: Watcher
    offices: OfficeFinder
    encoding: str = ""
    seq: int = 0
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    unused: dict[str, list[str]] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    def tables(self) -> Iterator[Table]:
        """The tables of the file, those sheets left out that the mapping does not name."""
        if self.file.kind == "text":
            table, self.encoding = texts.table_of(
                self.file,
                self.map.encoding if self.map else "",
                self.map.delimiter if self.map else "",
                self.watcher.read,
            )
            yield table
            return
        wanted = set(self.map.sheets) if self.map else set()
        seen = set()
        for table in sheets.tables_of(self.file, self.watcher.read):
            seen.add(table.name)
            if not wanted or table.name in wanted:
                yield table
            else:
                self.skipped.append(table.name)
        if lost := wanted - seen:
            raise Refused(
                _("工作簿里没有工作表 %(names)s；有的是：%(known)s。")
                % {"names": "、".join(sorted(lost)), "known": "、".join(sorted(seen))},
                field="sheets",
            )

    def fill(self, intake: Intake) -> None:
        """Read everything into the intake. Refuses a delivery in which no table has a header that fits."""
        looked_at = []
        for table in self.tables():
            first = list(itertools.islice(table.rows, headings.HEADER_WITHIN + (self._skip())))
            if not first:
                continue
            looked_at.append(first[0])
            opened = self._open(table, first)
            if opened is None:
                self.skipped.append(table.name)
                intake.note([self._unread_sheet(table, first)])
                continue
            converter, last_line = opened
            rows = itertools.chain((raw for raw in first if raw.line > last_line), table.rows)
            self._take(intake, converter, rows)
        if not self.columns:
            raise self._no_header(looked_at)

    def _skip(self) -> int:
        return self.map.header_row if self.map else 0

    def _open(self, table: Table, first: list[Raw]) -> tuple[Converter, int] | None:
        plain = frozenset(headings.plain(name) for name in self.map.headings()) if self.map else frozenset()
        rows = [(raw.line, raw.cells) for raw in first if not raw.damage]
        if self.map and self.map.header_row:
            rows = [row for row in rows if row[0] >= self.map.header_row][:1]
        header = headings.find_header(rows, plain)
        if header is None:
            return None
        chosen = self.map or mapping.of_guess(self.source, headings.guess(header.names))
        present = set(header.places())
        if missing := mapping.missing_columns(chosen, present):
            if self.file.kind == "xlsx" and not chosen.sheets and len(missing) > len(plain) // 2:
                return None
            raise Refused(
                _("%(where)s没有对照表写的列：%(missing)s；表头有：%(present)s。")
                % {
                    "where": _("工作表“%(name)s”") % {"name": table.name} if table.name else _("文件"),
                    "missing": "、".join(missing),
                    "present": "、".join(name for name in header.names if name),
                },
                field="map",
            )
        self._tell_columns(table.name, chosen, header)
        return Converter(chosen, header, table.name, self.offices, table.epoch), header.last_line

    def _tell_columns(self, sheet: str, chosen: Mapping, header: headings.Header) -> None:
        used = {name: "、".join(rule.columns) or f"={rule.fixed}" for name, rule in chosen.columns.items()}
        used |= {rule.kind.value.lower(): "、".join(rule.columns) for rule in chosen.identifiers}
        taken = {headings.plain(name) for name in chosen.headings()}
        aliases = {header.names[at] for name, at in header.aliases.items() if headings.plain(name) in taken}
        unused = [
            name
            for name in header.names
            if name
            and headings.plain(name) not in taken
            and headings.plain(name) not in headings.IDLE
            and name not in aliases
            and not chosen.takes(name)
        ]
        self.columns[sheet] = used
        self.unused[sheet] = unused
        self.watcher.columns(sheet, used, unused)

    def _take(self, intake: Intake, converter: Converter, rows: Iterator[Raw]) -> None:
        batch: list[ImportedRow] = []
        notes: list[Note] = []
        for raw in rows:
            if not raw.damage and not any(values.text_of(cell) for cell in raw.cells):
                continue
            self.seq += 1
            row, told = converter.convert(raw, self.seq)
            notes += told
            if row is None:
                intake.reject()
            else:
                batch.append(row)
            if len(batch) >= BATCH or len(notes) >= BATCH:
                intake.stage(batch)
                intake.note(notes)
                batch, notes = [], []
        intake.stage(batch)
        intake.note(notes)

    def _unread_sheet(self, table: Table, first: list[Raw]) -> Note:
        shown = "，".join(values.text_of(cell) for cell in first[0].cells)[:80]
        return Note(
            0,
            table.name,
            first[0].line,
            "warning",
            _("工作表"),
            shown,
            _("没有认出表头，整个工作表没有读取"),
            _("确需导入的，请用对照表写明各列。"),
        )

    def _no_header(self, looked_at: list[Raw]) -> Refused:
        if not looked_at:
            return Refused(_("文件里没有数据。"), field="file")
        shown = "、".join(text for cell in looked_at[0].cells if (text := values.text_of(cell)))[:200]
        return Refused(
            _(
                "没有认出表头（至少要有主体名称一列）。第一行是：%(shown)s。"
                "请用 --map 给出对照表，写法见 docs/importing.md。"
            )
            % {"shown": shown or _("（空）")},
            field="header",
        )


def import_subjects(
    path: Path,
    *,
    actor: Actor,
    map_path: Path | None = None,
    source: str = "",
    report: Path | None = None,
    manifests: Path | None = None,
    dry_run: bool = False,
    watcher: Watcher | None = None,
) -> Outcome:
    """Import a register of subjects; everything or nothing is written.

    `report` gets a line for every rejected or warned row; `manifests` is the folder that keeps the manifest of what was
    changed. Refuses a file that is no register, a mapping with faults, and a second import at the same time.
    """
    watch = watcher or Watcher()
    chosen = mapping.read(map_path) if map_path else None
    watch.phase(_("检查文件"), path.stat().st_size if path.is_file() else 0)
    file = files.look_at(path, watch.read)
    named = (chosen.source if chosen else source) or _plain_stem(path)
    offices = OfficeFinder.load()
    fallback = _fallback(offices, chosen, actor)
    reader = Reader(file, chosen, named, watch, offices)
    delivery = Delivery(
        source=named,
        file_name=path.name,
        file_digest=file.digest,
        map_digest=chosen.digest() if chosen else "",
        repeat=chosen.repeat if chosen else "reject",
        fallback=fallback,
    )
    with Intake(delivery, actor) as intake:
        watch.phase(_("读取"), file.size)
        reader.fill(intake)
        manifest = _Manifest(manifests if not dry_run else None)
        with manifest:
            result = intake.merge(manifest.stream, lambda step: watch.phase(step, 0))
            notes = reports.write(report, intake.notes()) if report else sum(1 for _note in intake.notes())
            kept = manifest.keep(result.batch)
        if dry_run:
            intake.abandon()
    return Outcome(
        result=result,
        report=str(report or ""),
        notes=notes,
        encoding=reader.encoding,
        guessed=chosen is None,
        dry_run=dry_run,
        columns=reader.columns,
        unused=reader.unused,
        skipped_sheets=tuple(reader.skipped),
        manifest=kept,
    )


def _plain_stem(path: Path) -> str:
    return path.name.removesuffix(".gz").rsplit(".", 1)[0][:60]


def _fallback(offices: OfficeFinder, chosen: Mapping | None, actor: Actor) -> str:
    named = chosen.fallback_office if chosen else ""
    found = offices.unit(named) if named else actor.org_path or offices.root()
    if not found:
        raise Refused(
            _("没有机构 %(name)s；请先载入机构（./qipan load），或者改正对照表的 fallback_office。")
            % {"name": named or _("（市局）")},
            field="fallback_office",
        )
    return found


class _Manifest:
    """The file of a manifest: written aside, kept under the name of its batch when something changed."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.stream: Any = None
        self.draft: Path | None = None

    def __enter__(self) -> "_Manifest":
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix="draft-", dir=self.folder)
            self.stream, self.draft = os.fdopen(handle, "wb"), Path(name)
        return self

    def keep(self, batch: str) -> str:
        """Put it in its place; empty where nothing changed."""
        if not (self.draft and self.folder and batch):
            return ""
        self.stream.flush()
        os.fsync(self.stream.fileno())
        target = self.folder / f"{batch}.tsv"
        self.draft.replace(target)
        return str(target)

    def __exit__(self, *_problem: object) -> Literal[False]:
        if self.stream:
            self.stream.close()
        if self.draft:
            self.draft.unlink(missing_ok=True)
        return False

"""`qipan import subjects FILE`: takes a register of market subjects in, whatever it looks like."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from qipan.cli.session import Refusal, tell


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("import", help="导入登记簿(CSV 或 Excel):import subjects 文件")
    parser.add_argument("what", choices=["subjects"], help="导入什么")
    parser.add_argument("file", type=Path, help="CSV(可以是 .gz)或者 .xlsx 文件")
    parser.add_argument("--map", type=Path, help="对照表(YAML),或者随系统提供的对照表名称;不给时按表头猜")
    parser.add_argument("--source", default="", help="来源登记簿的名称(默认取对照表的,或者文件名)")
    parser.add_argument("--report", type=Path, help="报告文件(默认在当前文件夹,名为“文件名.报告.csv”)")
    parser.add_argument("--dry-run", action="store_true", help="只检查和报告,不写入")
    parser.add_argument("--json", action="store_true", help="结果以 JSON 输出")


def run(arguments: argparse.Namespace) -> int:
    """0 also when rows were rejected (the report says which); 1 when the file could not be taken at all."""
    from django.conf import settings

    from qipan.adapters.registers import service
    from qipan.kernel.ledger.actor import Actor
    from qipan.kernel.ledger.errors import Refused

    report = arguments.report or Path(f"{arguments.file.name}.报告.csv")
    _check_writable(report)
    with Bars(quiet=arguments.json or not sys.stderr.isatty()) as bars:
        try:
            outcome = service.import_subjects(
                arguments.file,
                actor=Actor.system(),
                map_path=arguments.map,
                source=arguments.source,
                report=report,
                manifests=Path(settings.HOME) / "imports",
                dry_run=arguments.dry_run,
                watcher=service.Watcher(bars.phase, bars.read, _columns),
            )
        except Refused as problem:
            raise Refusal(str(problem)) from None
    if arguments.json:
        print(json.dumps(outcome.as_dict(), ensure_ascii=False))
    else:
        _tell(outcome)
    return 0


def _check_writable(report: Path) -> None:
    if report.is_dir() or not report.resolve().parent.is_dir():
        raise Refusal(f"报告不能写到 {report}:请给出一个现有文件夹里的文件名。")


def _columns(sheet: str, used: dict[str, str], unused: list[str]) -> None:
    tell(f"工作表“{sheet}”:" if sheet else "各列的用法:")
    for field, heading in used.items():
        tell(f"  {field:<16} ← {heading}")
    if unused:
        tell(f"  没有用到的列:{'、'.join(unused)}")


def _tell(outcome: Any) -> None:
    result = outcome.result
    tell(
        f"读取 {result.read} 行:新登记 {result.created},变更 {result.updated},已有 {result.known},"
        f"退回 {result.rejected};另有 {result.warned} 行有提醒。"
    )
    if outcome.encoding:
        tell(f"文件编码:{outcome.encoding}")
    if outcome.guessed:
        tell("没有给对照表,各列按表头猜测,见上;不对的请用 --map 写明。")
    for sheet in outcome.skipped_sheets:
        tell(f"没有读取的工作表:{sheet}")
    if outcome.notes:
        tell(f"报告:{outcome.report}({outcome.notes} 条)")
    if outcome.dry_run:
        tell("这是试运行,没有写入。")
    elif not result.batch:
        tell("没有变化。")
    else:
        tell(f"批次 {result.batch};清单:{outcome.manifest}")


class Bars:
    """A progress bar for each phase, on the terminal only."""

    def __init__(self, quiet: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        self._progress = Progress(
            TextColumn("{task.description:<8}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            disable=quiet,
        )
        self._task: Any = None

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._finish()
        self._progress.stop()

    def _finish(self) -> None:
        if self._task is not None:
            total = next(task.total for task in self._progress.tasks if task.id == self._task)
            self._progress.update(self._task, total=total or 1, completed=total or 1)

    def phase(self, title: str, size: int) -> None:
        """A phase begins; `size` in bytes, 0 where its length is not known."""
        self._finish()
        self._task = self._progress.add_task(title, total=size or None)

    def read(self, count: int) -> None:
        """So many bytes more are read."""
        if self._task is not None:
            self._progress.advance(self._task, count)

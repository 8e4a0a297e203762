"""`qipan bench NAME`: our figure beside the bare limit or the peer, measured in the same run.

The benchmarks lie in `benchmarks/`: a module with HELP and `run(scale, tell)`, which yields `Measure`s.
"""

import argparse
import datetime
import importlib
import json
import os
import pkgutil
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from qipan.cli.session import Refusal, tell
from qipan.conf import environment as env

DATABASE = None
FOLDER = env.ROOT / "benchmarks"
NO_REASON = "没有写明原因"
MARKS = {True: " ✓", False: " ✗", None: ""}
Run = Callable[[float, Callable[[str], None]], Iterable["Measure"]]


@dataclass(frozen=True)
class Measure:
    """One figure. `reference` names what it is compared with and `ratio` is ours by that; `target` is a bound in words.

    `met` says whether the bound holds, None where none is set. `why` is a plain reason, printed where it does not hold.
    """

    bench: str
    measure: str
    value: float
    unit: str
    reference: str = ""
    reference_value: float | None = None
    ratio: float | None = None
    target: str = ""
    met: bool | None = None
    why: str = ""


def modules_in(folder: Path) -> dict[str, ModuleType]:
    """The modules of a folder beside the sources that can be run, by their names."""
    if str(env.ROOT) not in sys.path:
        sys.path.insert(0, str(env.ROOT))
    found = {}
    for entry in pkgutil.iter_modules([str(folder)]):
        module = importlib.import_module(f"{folder.name}.{entry.name}")
        if hasattr(module, "run"):
            found[entry.name] = module
    return found


def benchmarks() -> dict[str, ModuleType]:
    """Every benchmark by its name."""
    return modules_in(FOLDER)


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("bench", help="性能测试：我们的数字、同一次运行中的极限或对照、两者之比")
    parser.add_argument("name", nargs="?", help="测试的名称，all 为全部；不给出时列出全部")
    parser.add_argument("--scale", type=positive, default=1.0, help="规模（默认 1）")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="以 JSON 输出，每行一项")
    form.add_argument("--markdown", action="store_true", help="以 Markdown 表格输出，写进文档用")


def positive(text: str) -> float:
    number = float(text)
    if not 0 < number <= 1000:
        raise argparse.ArgumentTypeError("规模应当大于 0")
    return number


def run(arguments: argparse.Namespace) -> int:
    """0 when it ran to its end, whatever the figures are: a benchmark is no test."""
    known = benchmarks()
    if not arguments.name:
        for name, module in known.items():
            print(f"{name:<12}{module.HELP}")
        return 0
    if arguments.name not in {*known, "all"}:
        raise Refusal(f"没有名为 {arguments.name} 的性能测试。现有：{'、'.join(known) or '无'}。")
    measures: Iterable[Measure]
    if arguments.name == "all":
        measures = _all(known, arguments.scale)
    else:
        measures = known[arguments.name].run(arguments.scale, tell)
    if arguments.json:
        for measure in measures:
            print(json.dumps(asdict(measure) | {"scale": arguments.scale}, ensure_ascii=False), flush=True)
        return 0
    (_markdown if arguments.markdown else _table)(measures, arguments)
    return 0


def _all(known: Mapping[str, ModuleType], scale: float) -> Iterator[Measure]:
    """Everything, one after another; what cannot run is said and the others go on.

    A benchmark that measures others on its way (`COVERS`) stands for them.
    """
    covered = {name for module in known.values() for name in getattr(module, "COVERS", ())}
    for name in sorted(known.keys() - covered):
        try:
            yield from measured_apart(name, scale)
        except Refusal as problem:
            tell(f"{name} 没有测成：{problem}")


def measured_apart(name: str, scale: float) -> Iterator[Measure]:
    """What a benchmark yields in a process of its own (Django knows one database only). Raises Refusal if it fails."""
    command = [sys.executable, "-P", "-m", "qipan.cli", "bench", name, "--scale", f"{scale:g}", "--json"]
    tell(f"{name}，规模 {scale:g}…")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        for line in process.stdout:
            fields = json.loads(line)
            fields.pop("scale")
            yield Measure(**fields)
    if process.returncode:
        raise Refusal(f"性能测试 {name} 以 {process.returncode} 结束，原因见上。")


def _markdown(measures: Iterable[Measure], arguments: argparse.Namespace) -> None:
    print(
        f"`./qipan bench {arguments.name} --scale {arguments.scale:g}`, {datetime.date.today()}, {machine()}\n"
    )
    print("| bench | measure | ours | unit | beside | theirs | ratio | target |")
    print("|---|---|---:|---|---|---:|---:|---|")
    missed = []
    for row in measures:
        missed += [row] if row.met is False else []
        figures = number(row.reference_value), number(row.ratio), row.target + MARKS[row.met]
        cells = (row.bench, row.measure, number(row.value), row.unit, row.reference, *figures)
        print("| " + " | ".join(cells) + " |", flush=True)
    if missed:
        print("\nMissed:\n")
    for row in missed:
        print(f"- {row.bench}, {row.measure}: {row.why or NO_REASON}")


def _table(measures: Iterable[Measure], arguments: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{arguments.name} · scale {arguments.scale:g} · {machine()}")
    for heading in ("测量", "我们", "单位", "对照", "对照值", "比值", "目标"):
        table.add_column(heading, justify="left" if heading in {"测量", "单位", "对照", "目标"} else "right")
    missed = []
    for row in measures:
        missed += [row] if row.met is False else []
        table.add_row(
            row.measure,
            number(row.value),
            row.unit,
            row.reference,
            number(row.reference_value),
            number(row.ratio),
            row.target + MARKS[row.met],
        )
    console = Console()
    Console(width=max(console.width, 120)).print(table)
    for row in missed:
        console.print(
            f"✗ {row.measure}：{row.why or NO_REASON}", style="yellow", markup=False, soft_wrap=True
        )


def number(value: float | None) -> str:
    """A figure with three or four places that mean something."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def machine() -> str:
    """What it ran on, in a few words."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        model = platform.processor()
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} × {model or platform.machine()}, load {load:.1f}, Python {platform.python_version()}"


def share(values: Iterator[float] | list[float], part: float) -> float:
    """The value below which this part of all values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(part * len(ordered) + 0.5) - 1))]

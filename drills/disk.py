"""The disk fills up under writers: pages say so, nothing is lost or wrong, and it goes on when there is room again.

The home lies on a tmpfs of its own, which only root can mount; elsewhere the drill says so and does nothing.
"""

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from drills.systems import Looking, Writers, ledger_whole, nothing_lost, served_again, system
from qipan.cli.drill import Promise, Scale
from qipan.cli.session import Refusal
from tests.setup.systems import System

HELP = "磁盘写满:页面可读地回答 503,不丢不错,有空间后自行恢复"
SIZE_MB = 700
FULL_FOR = {"full": 20.0, "small": 8.0}
BACK_WITHIN = 30.0


@contextlib.contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A disk of so many MB. Raises Refusal where none can be made."""
    folder = Path(tempfile.mkdtemp(prefix="qipan-disk-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}M,mode=0755", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        folder.rmdir()
        raise Refusal(f"这个演练要挂载一个小磁盘(tmpfs),需要 root 与挂载的权限:{done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=False)
        folder.rmdir()


def fill(path: Path) -> None:
    """Takes what is left of a disk."""
    with contextlib.suppress(OSError), path.open("ab", buffering=0) as ballast:
        while True:
            ballast.write(bytes(2**16))


def use_up_the_log(writers: Writers) -> None:
    """The server keeps some segments of its log ready; once they are used it cannot even commit."""
    with (
        contextlib.suppress(psycopg.Error),
        psycopg.connect(writers.cluster.url("superuser"), connect_timeout=5, autocommit=True) as connection,
    ):
        while True:
            connection.execute("SELECT pg_logical_emit_message(false, 'drill', 'x', true), pg_switch_wal()")


def doctor(made: System) -> str:
    """What the doctor says of the disk."""
    lines = made.run("doctor").stdout.splitlines()
    return next((line for line in lines if "磁盘空间" in line), "")


def run(tell: Callable[[str], None], scale: Scale = "full") -> Iterator[Promise]:
    """Fills the disk for a while, then makes room again."""
    with small_disk(SIZE_MB) as disk:
        yield from _on(disk, tell, FULL_FOR[scale])


def _on(disk: Path, tell: Callable[[str], None], full_for: float) -> Iterator[Promise]:
    tell(f"正在 {SIZE_MB} MB 的磁盘上启动一套系统…")
    ballast = disk / "ballast"
    with system(disk / "home", QIPAN_LEAST_FREE_MB="64") as made:
        with Writers(made.home, 2, 20_000) as writers, Looking(made.url) as looking:
            time.sleep(3)
            tell("正在写满磁盘…")
            end = time.monotonic() + full_for
            while time.monotonic() < end:
                fill(ballast)
                use_up_the_log(writers)
                time.sleep(0.2)
            said = doctor(made)
            during = looking.told()
            ballast.unlink()
            emptied = time.monotonic()
            tell("已腾出空间,等它自行恢复…")
            back = served_again(writers, looking, emptied)
        yield Promise(
            "disk", "写满时页面仍有可读的应答", during, not looking.unreadable and not looking.seen[500]
        )
        for line in looking.unreadable[:3]:
            tell(f"    {line}")
        yield Promise("disk", "doctor 指出磁盘已满", said.strip(), said.startswith("✗"))
        yield Promise(
            "disk", f"有空间后自行恢复(≤ {BACK_WITHIN:.0f} 秒)", f"{back:.1f} 秒", back <= BACK_WITHIN
        )
        yield nothing_lost("disk", writers)
        yield ledger_whole("disk", made)
        made.interrupt()

"""Postmaster and every back end killed again and again under eight writers: nothing acknowledged is lost."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator

from drills.systems import Looking, Writers, ledger_whole, nothing_lost, served_again, system
from qipan.cli.drill import Promise, Scale
from qipan.conf.postgres.processes import serving

HELP = "数据库进程全部被杀 20 次:已确认的不丢,10 秒内自行恢复"
ROUNDS = {"full": 20, "small": 2}
WRITERS = 8
BACK_WITHIN = 10.0


def run(tell: Callable[[str], None], scale: Scale = "full") -> Iterator[Promise]:
    """Kills, waits until pages and writers are served again, lets it work for a while, and kills again."""
    tell("正在启动一套系统…")
    waits: list[float] = []
    with system() as made:
        with Writers(made.home, WRITERS) as writers, Looking(made.url) as looking:
            for number in range(ROUNDS[scale]):
                time.sleep(1.5)
                victims = serving(writers.cluster.data)
                for pid in victims:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                killed = time.monotonic()
                # What was on its way when they died may still be answered.
                waits.append(served_again(writers, looking, killed, after=killed + 0.5))
                tell(f"第 {number + 1} 次:杀掉 {len(victims)} 个进程,{waits[-1]:.1f} 秒后恢复")
        yield nothing_lost("database", writers)
        within = sum(wait <= BACK_WITHIN for wait in waits)
        told = (
            f"{within}/{len(waits)} 次,中位 {sorted(waits)[len(waits) // 2]:.1f} 秒,最长 {max(waits):.1f} 秒"
        )
        yield Promise("database", f"{BACK_WITHIN:.0f} 秒内自行恢复", told, within == len(waits))
        yield Promise(
            "database", "其间的页面都可读", looking.told(), not looking.unreadable and not looking.seen[500]
        )
        yield ledger_whole("database", made)
        made.interrupt()

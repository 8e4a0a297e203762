"""`qipan guard`: work out again what the rules granted on a day (the nightly job does so for the day before)."""

import argparse
import datetime
import json
from typing import Any


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("guard", help="秒办复核:把一天里自动准予的办件按当时的事实和现有的数据重算")
    parser.add_argument("--date", metavar="日期", default="", help="哪一天,例如 2026-11-25;不写为昨天")
    parser.add_argument("--json", action="store_true", help="以 JSON 输出")


def run(arguments: argparse.Namespace) -> int:
    """Prints the figures and each difference; 1 where there is one."""
    from rich.console import Console
    from rich.progress import Progress

    from qipan.cli.session import Refusal
    from qipan.domains.licensing.guarding import actions
    from qipan.domains.licensing.guarding.models import GuardFinding
    from qipan.kernel.ledger.clock import today
    from qipan.kernel.ledger.errors import Refused

    try:
        day = (
            datetime.date.fromisoformat(arguments.date)
            if arguments.date
            else today() - datetime.timedelta(days=1)
        )
    except ValueError:
        raise Refusal(f"“{arguments.date}”不是日期,应写作 2026-11-25。") from None
    try:
        with Progress(console=Console(stderr=True), transient=True, disable=arguments.json) as bar:
            task = bar.add_task("重算", total=actions.granted_on(day).count() if day < today() else 0)
            runs = actions.replay_day(day, lambda done: bar.advance(task, done))
    except Refused as refused:
        raise Refusal(str(refused)) from None
    found = list(
        GuardFinding.objects.filter(run__day=day).select_related("application__case").order_by("pk")
    )
    total = {name: sum(getattr(one, name) for one in runs) for name in ("checked", "unequal", "changed")}
    if arguments.json:
        lines = [
            {
                "case": one.application.case.number,
                "item": one.application.item_code,
                "kind": str(one.kind),
                "outcome": str(one.outcome),
                "reasons": one.reasons,
            }
            for one in found
        ]
        print(json.dumps({"day": day.isoformat(), **total, "differences": lines}, ensure_ascii=False))
        return 1 if found else 0
    print(
        f"{day}:自动准予 {total['checked']} 件;按当时的事实重算不一致 {total['unequal']} 件,"
        f"按现有的数据不应准予 {total['changed']} 件。"
    )
    for one in found:
        print(
            f"  {one.application.case.number} {one.get_kind_display()}:{';'.join(one.reasons)}"
            f"({one.get_outcome_display()})"
        )
    return 1 if found else 0

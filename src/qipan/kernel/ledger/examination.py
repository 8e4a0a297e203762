"""What the doctor looks at in the ledger: deliveries that are stuck, events that nobody seals, the copy outside."""

import datetime

from django.db import connection
from django.db.models import Count, Min

from qipan.conf.doctor import Finding, check, error, ok, warning
from qipan.kernel.ledger import sealing
from qipan.kernel.ledger.models import Delivery, DeliveryState, Event, Seal

#: A worker seals every few seconds: events that have waited longer than this are a fault.
LONGEST_UNSEALED = datetime.timedelta(minutes=2)
LONGEST_WAIT = datetime.timedelta(minutes=15)


@check("deliveries", "事件投递")
def deliveries_arrive() -> Finding:
    """Nothing is stuck, and nothing has waited for long."""
    stuck = Delivery.objects.filter(state=DeliveryState.STUCK).values("receiver").annotate(count=Count("pk"))
    if stuck:
        told = "、".join(f"{row['receiver']} {row['count']} 条" for row in stuck[:5])
        return error(
            f"受阻:{told}",
            "原因见 ./qipan ledger status;修好接收方(或在系统管理中改正订阅的地址)后 ./qipan ledger resend。",
        )
    row = Delivery.objects.exclude(state=DeliveryState.DONE).aggregate(
        count=Count("pk"), oldest=Min("event__at")
    )
    if row["oldest"] is not None and _present() - row["oldest"] > LONGEST_WAIT:
        minutes = (_present() - row["oldest"]).total_seconds() / 60
        return warning(
            f"待投递 {row['count']} 条,最早的已等 {minutes:.0f} 分钟",
            "请看后台任务进程是否在运行(./qipan work),以及 ./qipan ledger status 中停用的订阅。",
        )
    return ok(f"待投递 {row['count']} 条")


@check("seals", "总账封存")
def events_are_sealed() -> Finding:
    """What is committed is sealed soon, and the seals stand outside the database too."""
    last = Seal.objects.order_by("-number").first()
    waiting = Event.objects.filter(pk__gt=last.last_id if last else 0)
    row = waiting.aggregate(count=Count("pk"), oldest=Min("at"))
    found = f"{last.number if last else 0} 次封存,{row['count']} 条待封存"
    if row["count"] and row["oldest"] is not None and _present() - row["oldest"] > LONGEST_UNSEALED:
        minutes = (_present() - row["oldest"]).total_seconds() / 60
        if holder := _longest_transaction():
            return error(
                f"{found},最早的已等 {minutes:.0f} 分钟;进程 {holder} 的数据库事务一直没有结束",
                f"请结束它:SELECT pg_terminate_backend({holder});",
            )
        return error(
            f"{found},最早的已等 {minutes:.0f} 分钟",
            "没有封存的事件被改动时不能发现。请启动后台任务进程(./qipan work);原因见 log/work-1.log。",
        )
    if last is not None and not _is_copied(last):
        return warning(
            f"{found};库外副本 {sealing.folder()} 缺少最近的封存", "请检查该文件夹是否可写、磁盘是否已满。"
        )
    return ok(found)


def _present() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _longest_transaction() -> int | None:
    """A backend whose transaction has kept the sealer waiting for minutes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL"
            " AND xact_start < now() - make_interval(secs => %s) AND pid <> pg_backend_pid() ORDER BY xact_start LIMIT 1",
            [LONGEST_UNSEALED.total_seconds()],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else None


def _is_copied(last: Seal) -> bool:
    path = sealing.folder() / "seals.jsonl"
    if _present() - last.at < datetime.timedelta(seconds=30):
        return True
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - 65_536))
            return bytes(last.digest).hex().encode() in stream.read()
    except OSError:
        return False

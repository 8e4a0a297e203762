"""Checks of the backups: that there is one, that it is not old, and that the log goes on to where it is kept."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection

from qipan.conf import environment as env
from qipan.conf import home
from qipan.conf.database import is_embedded
from qipan.conf.doctor import Finding, check, error, ok, warning
from qipan.conf.postgres import archiving

OLD = timedelta(days=2)
VERY_OLD = timedelta(days=8)


@check("backup", "备份", needs="machine")
def backup_is_recent() -> Finding:
    known = home.state().get("backup")
    if home.mode() != "production" and not known:
        return ok("示范系统,没有备份" if home.mode() else "还没有启动过")
    return backup_of(known, env.home())


def backup_of(
    known: dict[str, Any] | None, here: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Finding:
    """The last backup that this home knows of: its age, and whether it lies on a disk of its own."""
    mend = "./qipan backup 文件夹(每天一次,放在另一个磁盘或另一台机器上)"
    if not known:
        return error("从来没有备份过", mend)
    at, folder = datetime.fromisoformat(known["at"]), Path(known["folder"])
    age = now() - at
    found = f"最近一次 {at:%Y-%m-%d %H:%M %Z},在 {folder}"
    if age > VERY_OLD:
        return error(f"{found},已过去 {age.days} 天", mend)
    if age > OLD:
        return warning(f"{found},已过去 {age.days} 天", mend)
    if not folder.is_dir():
        return warning(f"{found},现在找不到这个文件夹", "请挂载放备份的磁盘。")
    if os.stat(folder).st_dev == os.stat(here).st_dev:
        return warning(f"{found},与数据在同一个磁盘上", "磁盘损坏时两者会一起丢失,请把备份放到另一个磁盘。")
    return ok(found)


@check("archive", "日志存档")
def log_is_kept() -> Finding:
    backups = archiving.kept_in()
    if not is_embedded():
        return ok("外部数据库,由管理员设定")
    if backups is None:
        return ok("没有设置 QIPAN_BACKUPS,只能恢复到备份的时刻")
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('archive_mode')")
        if cursor.fetchone()[0] != "on":
            return warning("QIPAN_BACKUPS 还没有生效", "请重新启动棋盘。")
        cursor.execute(
            "SELECT failed_count, last_failed_time, last_failed_wal, last_archived_time FROM pg_stat_archiver"
        )
        return archiver_of(backups, *cursor.fetchone())


def archiver_of(
    backups: Path, failures: int, failed_at: datetime | None, segment: str | None, done_at: datetime | None
) -> Finding:
    """What the server says of the segments that it handed on; what it could not hand on it keeps and tries again."""
    if failed_at is not None and (done_at is None or failed_at > done_at):
        return error(
            f"{segment} 没有存入 {backups}(失败 {failures} 次,最近 {failed_at:%Y-%m-%d %H:%M:%S %Z})",
            "请检查该文件夹:是否挂载、有无空间、数据库账户能否写入(原因见 log/postgres.log)。"
            "存不进去的日志会一直留在数据库所在的磁盘上,直到存入为止。",
        )
    return ok(f"{backups},最近一段 {done_at:%Y-%m-%d %H:%M:%S %Z}" if done_at else f"{backups},还没有写满一段")

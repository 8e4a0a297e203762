"""Checks of the running system through its database."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from qipan.conf import wall
from qipan.conf.database import Database, is_embedded
from qipan.conf.doctor import Finding, check, error, ok, warning
from qipan.conf.postgres import ROLES

OLDEST_WAIT = timedelta(minutes=15)
WORKER_SILENCE = timedelta(seconds=60)


def _one(query: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        row = cursor.fetchone()
    return row[0] if row and len(row) == 1 else row


def _table(name: str) -> bool:
    return _one("SELECT to_regclass(%s)", name) is not None


@check("postgres", "PostgreSQL")
def version_is_served() -> Finding:
    version = int(_one("SHOW server_version_num"))
    found = f"PostgreSQL {version // 10000}.{version % 10000},账户 {_one('SELECT current_user')}"
    if not 150000 <= version < 190000:
        return error(found, "支持 PostgreSQL 15 至 18。请换用受支持的版本。")
    if _one("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        return warning(
            found + "(超级用户)", "请给应用单独建立非超级用户的账户:行级安全与审计对超级用户无效。"
        )
    return ok(found)


@check("roles", "数据库账户")
def roles_are_there() -> Finding:
    if not is_embedded():
        return ok("外部数据库,由管理员设定")
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles")
        known = dict(cursor.fetchall())
    wanted = [name for role, name in ROLES.items() if role != "superuser"]
    missing = [name for name in wanted if name not in known]
    if missing:
        return error(f"缺少 {'、'.join(missing)}", "数据库不完整,请从备份恢复。")
    mighty = [name for name in wanted if known[name]]
    if mighty:
        return error(
            f"{'、'.join(mighty)} 权限过大", "请撤销这些账户的超级用户、建账户和绕过行级安全的权限。"
        )
    return ok("、".join(wanted))


@check("database_wall", "行级安全")
def second_wall_stands() -> Finding:
    """The application must be held back by the policies: neither owner of the tables nor above them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relkind = 'r' AND row_security_active(oid)",
            [list(wall.TABLES)],
        )
        held = {name for (name,) in cursor.fetchall()}
    if missing := sorted(set(wall.TABLES) - held):
        return warning(
            f"对账户 {_one('SELECT current_user')} 不起作用({'、'.join(missing)})",
            "请让应用用另一个账户连接(DATABASE_URL),表归 QIPAN_OWNER_DATABASE_URL 的账户所有,见 docs/operators.md。",
        )
    return ok("、".join(wall.TABLES))


@check("database_line", "数据库连接")
def line_is_encrypted() -> Finding:
    encrypted = _one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    return line_to(str(connection.settings_dict["HOST"] or ""), bool(encrypted))


def line_to(host: str, encrypted: bool) -> Finding:
    """A line that leaves the machine must be encrypted; a socket file or the machine itself need not."""
    if host.startswith("/") or host in {"", "localhost", "127.0.0.1", "::1"}:
        return ok("不出本机")
    if encrypted:
        return ok(f"{host},已加密")
    return warning(
        f"{host},没有加密", "请在 DATABASE_URL 的末尾加上 ?sslmode=verify-full,并给数据库装上证书。"
    )


@check("database_clock", "时钟一致")
def clocks_agree() -> Finding:
    newest = _one("SELECT max(at) FROM ledger_event") if _table("ledger_event") else None
    return clock_against(_one("SELECT clock_timestamp()"), newest)


def clock_against(
    database: datetime, newest_event: datetime | None, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Finding:
    """Our clock against the database's and against the newest event of the ledger, which cannot lie ahead of it."""
    present = now()
    mend = "请校准系统时间(例如 timedatectl set-ntp true)后重新启动;时钟不准会使期限和事件时间出错。"
    if newest_event is not None and newest_event - present > timedelta(seconds=5):
        return error(f"系统时钟早于最近一条事件({newest_event:%Y-%m-%d %H:%M:%S %Z})", mend)
    apart = abs((database - present).total_seconds())
    if apart > 60:
        return error(f"与数据库的时钟相差 {apart:.0f} 秒", mend)
    return (
        warning(f"与数据库的时钟相差 {apart:.1f} 秒", mend)
        if apart > 2
        else ok(f"相差 {apart * 1000:.0f} 毫秒")
    )


@check("guard", "秒办复核")
def automatic_grants_are_replayed() -> Finding:
    """Whether the night before worked out again what the rules granted."""
    if not _table("licensing_guardrun"):
        return ok("没有行政许可的数据表")
    last, checked, changed, unequal = _one(
        "SELECT day, sum(checked), sum(changed), sum(unequal) FROM licensing_guardrun"
        " GROUP BY day ORDER BY day DESC LIMIT 1"
    ) or (None, 0, 0, 0)
    if last is None:
        return ok("还没有运行过(每天 1:20)")
    found = f"{last}:{checked} 件,不一致 {unequal} 件,现不应准予 {changed} 件"
    if unequal:
        return error(found, "按当时的事实重算得不出同样的结果,请看 /desk/guard/。")
    if datetime.now(UTC).date() - last > timedelta(days=3):
        return warning(found, "已有三天没有复核,请确认后台任务在运行;补算用 ./qipan guard --date 日期。")
    return ok(found)


@check("migrations", "数据表")
def tables_are_current() -> Finding:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        first = plan[0][0]
        return error(
            f"有 {len(plan)} 个更新未执行({first.app_label}.{first.name}…)", "./qipan manage migrate"
        )
    return ok("已是最新")


@check("indexes", "索引")
def indexes_are_there() -> Finding:
    """Every index that the tables declare: a large city that was cut off in its build lacks those of the search."""
    declared = {
        index.name for model in apps.get_models() for index in model._meta.indexes if model._meta.managed
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid WHERE indisvalid AND relname = ANY(%s)",
            [sorted(declared)],
        )
        there = {name for (name,) in cursor.fetchall()}
    if missing := sorted(declared - there):
        return warning(
            f"缺少 {len(missing)} 个({'、'.join(missing[:3])}{'…' if len(missing) > 3 else ''}),检索会很慢",
            "示范城市没有建完时会这样:请再运行一次 ./qipan city。其他情况请从备份恢复,或者由管理员补建。",
        )
    return ok(f"{len(declared)} 个")


@check("catalogues", "目录")
def catalogues_are_loaded() -> Finding:
    if not Database().is_loaded():
        return warning("目录文件与数据库中的不一致", "./qipan load")
    return ok("已载入")


@check("workers", "后台任务进程")
def workers_are_alive() -> Finding:
    newest, alive = _one(
        "SELECT max(last_heartbeat), count(*) FILTER (WHERE last_heartbeat > now() - %s) FROM procrastinate_workers",
        WORKER_SILENCE,
    )
    mend = "请启动 ./qipan serve(或 demo),或单独运行 ./qipan work;原因见 log/work-1.log。"
    if alive:
        return ok(f"{alive} 个")
    if newest is None:
        return error("没有后台任务进程", mend)
    return error(f"最后一次活动是 {newest:%Y-%m-%d %H:%M:%S %Z}", mend)


@check("queue", "任务队列")
def queue_moves() -> Finding:
    waiting, oldest, failed = _one(
        "SELECT count(*) FILTER (WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())),"
        " now() - min(at) FILTER (WHERE status = 'todo'),"
        " count(*) FILTER (WHERE status = 'failed')"
        " FROM (SELECT j.status, j.scheduled_at, coalesce(j.scheduled_at, max(e.at)) AS at FROM procrastinate_jobs j"
        " LEFT JOIN procrastinate_events e ON e.job_id = j.id WHERE j.status IN ('todo', 'failed') GROUP BY j.id) jobs"
    )
    found = f"等待 {waiting} 个,失败 {failed} 个"
    if oldest is not None and oldest > OLDEST_WAIT:
        minutes = oldest.total_seconds() / 60
        return error(
            f"{found};最早的已等 {minutes:.0f} 分钟", "请增加后台任务进程(--workers),并查看 log/work-1.log。"
        )
    if failed:
        return warning(found, "原因见 log/work-*.log;处理好之后 ./qipan work --retry-failed。")
    return ok(found)

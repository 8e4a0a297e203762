"""The data folder: made with roles and passwords in one piece, or not at all; its configuration; its version."""

import json
import os
import secrets
import shutil
import subprocess
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from qipan.conf.home import secrets_folder, write_secret
from qipan.conf.postgres import archiving, place, programs
from qipan.conf.postgres.failure import DatabaseFailure

Role = Literal["owner", "app", "readonly", "audit", "superuser"]
ROLES: dict[Role, str] = {
    "superuser": "postgres",  # for the supervisor's own housekeeping; no part of the product connects as it
    "owner": "qipan_owner",  # migrations
    "app": "qipan_app",  # web and workers: no superuser, owns nothing
    "readonly": "qipan_readonly",  # reports
    "audit": "qipan_audit",  # reads the ledger and nothing else
}
DATABASE = "qipan"

HBA = """# Made by Qipan. Only the socket, only with a password; copies of the whole cluster for the superuser.
local all all scram-sha-256
local replication postgres scram-sha-256
"""


class Cluster:
    """One embedded database: `home` says where; `durable=False` trades safety for speed, for test suites only."""

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = home
        self.durable = durable

    @cached_property
    def place(self) -> place.Place:
        return place.find(self.home)

    @cached_property
    def programs(self) -> Path:
        """The folder of programs that the database's account can run."""
        return programs.usable_by(self.place.account, self.place.base)

    @property
    def data(self) -> Path:
        return self.place.data

    def url(self, role: Role, database: str = DATABASE) -> str:
        """The address for a role, with its password."""
        password = quote(self.passwords[role])
        folder = quote(str(self.place.run), safe="")
        return f"postgresql://{ROLES[role]}:{password}@:5432/{database}?host={folder}"

    def prepare(self) -> None:
        """Makes the data folder when there is none, refuses one of another version, writes the configuration."""
        if self.data.exists():
            self._check_version()
        else:
            self._create()
        self._configure()

    def _configure(self) -> None:
        """Writes the configuration whole or not at all: on a full disk the one from before stays."""
        path, wanted = self.data / "postgresql.conf", self._configuration()
        if path.exists() and path.read_text(errors="replace") == wanted:
            return
        draft = path.with_name("postgresql.conf.new")
        try:
            draft.write_text(wanted)
            self.place.account.own(draft)
            draft.replace(path)
        except OSError as problem:
            draft.unlink(missing_ok=True)
            raise DatabaseFailure(f"数据库的配置没有写成:{problem.strerror}。请检查 {self.data} 所在的磁盘。") from None

    def programs_environment(self) -> dict[str, str]:
        """What the programs get of our environment: no PG… variable of the user's reaches them."""
        keep = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")
        return {name: os.environ[name] for name in keep if name in os.environ} | {"LC_ALL": "C", "TZ": "UTC"}

    @cached_property
    def passwords(self) -> dict[str, str]:
        """The password of each role; made together with the data."""
        path = secrets_folder() / f"{'database' if self.durable else 'test_database'}.json"
        if not path.exists():
            if self.data.exists():
                raise DatabaseFailure(f"数据库还在,但密码文件 {path} 不见了。请从备份恢复它。")
            write_secret(path, json.dumps({role: secrets.token_urlsafe(24) for role in ROLES}))
        return dict(json.loads(path.read_text()))

    def _check_version(self) -> None:
        try:
            found = (self.data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            raise DatabaseFailure(
                f"{self.data} 不是完整的数据库(缺 PG_VERSION)。没有改动任何文件。请从备份恢复,或移走该文件夹后重试。"
            ) from None
        if found != str(programs.MAJOR):
            raise DatabaseFailure(
                f"{self.data} 由 PostgreSQL {found} 建立,本版本自带 PostgreSQL {programs.MAJOR},不能直接打开。"
                f"没有改动任何文件。请用旧版本的 pg_dump 导出,移走该文件夹,再用新版本导入(见 docs/operators.md)。"
            )

    def _create(self) -> None:
        passwords = self.passwords
        account = self.place.account
        draft = self.data.with_name("data.new")
        shutil.rmtree(
            draft, ignore_errors=True
        )  # left by a start that was cut off; nothing was ever served from it
        draft.mkdir(mode=0o700)
        account.own(draft)
        password_file = self.place.run / "password"
        password_file.unlink(missing_ok=True)
        write_secret(password_file, passwords["superuser"])
        account.own(password_file)
        options = ["--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8", "--data-checksums"]
        options += [
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            "--username=postgres",
            "--no-instructions",
        ]
        if not self.durable:
            options.append("--no-sync")
        try:
            self._run("initdb", "-D", str(draft), *options)
        finally:
            password_file.unlink(missing_ok=True)
        (draft / "pg_hba.conf").write_text(HBA)
        single = ["--single", "-D", str(draft), *([] if self.durable else ["-F"])]
        self._run("postgres", *single, "template1", text=self._roles(passwords))
        self._run("postgres", *single, "postgres", text=self._database())
        draft.rename(self.data)

    def _roles(self, passwords: dict[str, str]) -> str:
        """Roles, and what they get on every table made later; put into template1, so every new database has it.

        A room that allows less (the ledger) revokes it in its own migration; nothing here grants it again.
        """
        plain = "LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS"
        by_default = "ALTER DEFAULT PRIVILEGES FOR ROLE qipan_owner GRANT"
        return "\n".join(
            [
                *(
                    f"CREATE ROLE {name} {plain} {'NOCREATEDB' if self.durable or role != 'owner' else 'CREATEDB'} "
                    f"PASSWORD '{passwords[role]}';"
                    for role, name in ROLES.items()
                    if role != "superuser"
                ),
                f"{by_default} SELECT, INSERT, UPDATE, DELETE ON TABLES TO qipan_app;",
                f"{by_default} USAGE, SELECT, UPDATE ON SEQUENCES TO qipan_app;",
                f"{by_default} SELECT ON TABLES TO qipan_readonly;",
                "ALTER ROLE qipan_readonly SET default_transaction_read_only = on;",
                "ALTER ROLE qipan_audit SET default_transaction_read_only = on;",
            ]
        )

    def _database(self) -> str:
        return "\n".join(
            [
                f"CREATE DATABASE {DATABASE} OWNER qipan_owner TEMPLATE template1;",
                f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC;",
                f"GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO qipan_app;",
                f"GRANT CONNECT ON DATABASE {DATABASE} TO qipan_readonly, qipan_audit;",
            ]
        )

    def _run(self, program: str, *arguments: str, text: str = "") -> None:
        done = subprocess.run(  # noqa: S603
            [self.programs / program, *arguments],
            cwd="/",
            env=self.programs_environment(),
            input=text,
            capture_output=True,
            text=True,
            check=False,
            **self.place.account.as_child(),
        )
        # Single-user mode exits with 0 after a statement that failed.
        if done.returncode or "ERROR:" in done.stderr or "FATAL:" in done.stderr:
            said = (done.stderr or done.stdout)[-2000:]
            if "No space left" in said:
                raise DatabaseFailure(f"磁盘已满,数据库没有建成。请腾出至少 1 GB 空间后重试。\n{said}")
            raise DatabaseFailure(f"数据库没有建成({program}):\n{said}")

    def _configuration(self) -> str:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
        settings: dict[str, str | int] = {
            "listen_addresses": "''",
            "unix_socket_directories": "'{}'".format(str(self.place.run).replace("'", "''")),
            "unix_socket_permissions": "0700",
            "password_encryption": "scram-sha-256",
            "max_connections": 100,
            # Two cores and little memory: an eighth of it for the buffers, the rest stays for the file cache.
            "shared_buffers": f"{min(max(memory // 8, 64), 1024)}MB",
            "effective_cache_size": f"{max(memory // 2, 128)}MB",
            "work_mem": "8MB",
            "maintenance_work_mem": f"{min(max(memory // 16, 64), 256)}MB",
            "wal_compression": "on",
            "max_wal_size": "2GB",
            "min_wal_size": "80MB",
            "checkpoint_timeout": "15min",
            "random_page_cost": "1.1",
            "jit": "off",
            "max_worker_processes": 4,
            "max_parallel_workers": 2,
            "max_parallel_workers_per_gather": 1,
            "max_locks_per_transaction": 128,  # monthly partitions
            "idle_in_transaction_session_timeout": "15min",  # an open transaction holds back outbox and sealing
            "timezone": "'UTC'",
            "log_timezone": "'UTC'",
            "log_line_prefix": "'%m [%p] %u@%d '",
            "log_min_duration_statement": "2s",
            "lc_messages": "'C'",
        }
        if self.durable:
            settings |= archiving.settings(self.data, self.place.account)
        else:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        lines = [f"{name} = {value}" for name, value in settings.items()]
        return (
            "# Written by Qipan at every start. Your own settings go into local.conf beside this file.\n"
            + "\n".join(lines)
            + "\ninclude_if_exists = 'local.conf'\n"
        )

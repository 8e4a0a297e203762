"""Under which account of the system the database runs. Nothing is added to the system, no rights are changed."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qipan.conf import environment as env
from qipan.conf.postgres.failure import DatabaseFailure

CANDIDATES = ("postgres", "nobody", "daemon")


@dataclass(frozen=True)
class Account:
    """An account that exists; `switch` is False when it is the one we already are."""

    name: str
    uid: int
    gid: int
    switch: bool

    def as_child(self) -> dict[str, Any]:
        """Arguments for `subprocess` that make the child run under this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}

    def can(self, path: Path, *, write: bool = False) -> bool:
        """Whether this account itself reaches and reads (or writes) the path: tried, not worked out."""
        test = '[ -r "$1" ] && [ -x "$1" ]' + (' && [ -w "$1" ]' if write else "")
        command = ["/bin/sh", "-c", test, "sh", str(path)]
        return subprocess.run(command, cwd="/", check=False, **self.as_child()).returncode == 0  # noqa: S603

    def own(self, path: Path) -> None:
        """Hands a path over to this account."""
        if self.switch:
            os.chown(path, self.uid, self.gid)


def present() -> Account:
    """The account this process runs under."""
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return Account(name, uid, os.getegid(), switch=False)


def for_database(owner_uid: int | None = None) -> Account:
    """The account for the database: ourselves, or for root an unprivileged one that exists already.

    `owner_uid` is the owner of a data folder that is there already: it decides. Raises DatabaseFailure when the data
    belong to somebody else, or when root finds no account.
    """
    ourselves = present()
    if ourselves.uid != 0:
        if owner_uid not in (None, ourselves.uid):
            raise DatabaseFailure(
                f"数据库文件属于账户 {_name(owner_uid)},当前账户是 {ourselves.name}。"
                f"请用原来的账户(或 root)启动,或用 QIPAN_HOME 另指一个文件夹。"
            )
        return ourselves
    if owner_uid:
        known = pwd.getpwuid(owner_uid)
        return Account(known.pw_name, known.pw_uid, known.pw_gid, switch=True)
    for name in filter(None, (env.text("QIPAN_DB_ACCOUNT"), *CANDIDATES)):
        try:
            known = pwd.getpwnam(name)
        except KeyError:
            continue
        if known.pw_uid != 0:
            return Account(name, known.pw_uid, known.pw_gid, switch=True)
    raise DatabaseFailure(
        "数据库不以 root 运行,而本机没有可用的普通账户(postgres、nobody)。"
        "请以普通账户启动,或用 QIPAN_DB_ACCOUNT 指定一个已有账户,或用 DATABASE_URL 使用外部 PostgreSQL。"
    )


def _name(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:
        return str(uid)

"""Where the database's files lie: in home where its account can get there, else where it can."""

import hashlib
import json
import os
import secrets
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from qipan.conf.postgres.account import Account, for_database
from qipan.conf.postgres.failure import DatabaseFailure

# A socket's whole path must fit into sun_path: 108 bytes on Linux, 104 elsewhere, with a closing zero.
LONGEST_SOCKET_FOLDER = 103 - len("/.s.PGSQL.5432.lock")
ELSEWHERE = (Path("/var/lib/qipan"), Path("/var/tmp/qipan"))  # noqa: S108


@dataclass(frozen=True)
class Place:
    """`base` holds data and copied programs; `run` (0700, a short path) holds the socket."""

    base: Path
    run: Path
    account: Account

    @property
    def data(self) -> Path:
        return self.base / "data"


def find(home: Path) -> Place:
    """Where the database of this home lies, decided at the first start and remembered in `postgres/place.json`.

    A copied or moved home takes its own data along; it never works on those of the home it came from.
    """
    own = home / "postgres"
    note = own / "place.json"
    base = own if (own / "data").exists() else _noted(note)
    if base is None or not (base / "data").exists():
        account = for_database(_owner(own / "data"))
        base = _choose(own, account)
        draft = note.with_name("place.json.new")
        draft.write_text(json.dumps({"base": str(base)}))
        draft.replace(note)
    else:
        account = for_database(_owner(base / "data"))
    return Place(base, _run_folder(base, account), account)


def _noted(note: Path) -> Path | None:
    """The folder elsewhere that this home put its data into; raises DatabaseFailure when another home still uses it."""
    try:
        base = Path(json.loads(note.read_text())["base"])
        owner = Path((base / "belongs-to").read_text().strip())
    except (OSError, ValueError, KeyError):
        return None
    home = note.parents[1]
    if owner.resolve() != home.resolve():
        if (owner / "postgres" / "place.json").exists():
            raise DatabaseFailure(
                f"{home} 是 {owner} 的副本,数据库在 {base},只有一份,仍由后者使用。没有改动任何文件。"
                f"要各用各的:停止后者,把 {base / 'data'} 也复制到 {note.parent / 'data'};要重新开始:删除 {note}。"
            )
        (base / "belongs-to").write_text(f"{home}\n")
    return base


def _owner(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except OSError:
        return None


def _choose(own: Path, account: Account) -> Path:
    own.mkdir(parents=True, exist_ok=True)
    if not account.switch or account.can(own):
        return own
    for top in ELSEWHERE:
        try:
            top.mkdir(mode=0o755, parents=True, exist_ok=True)
            found = top.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
                continue  # somebody else's folder of that name
            base = top / secrets.token_hex(6)
            base.mkdir(mode=0o755)
        except OSError:
            continue
        (base / "belongs-to").write_text(f"{own.parent}\n")
        if account.can(base):
            return base
    raise DatabaseFailure(
        f"账户 {account.name} 进不了 {own},也找不到别处放数据库。"
        "请把项目放到普通账户能进入的文件夹,或以普通账户启动,或设 DATABASE_URL。"
    )


def _run_folder(base: Path, account: Account) -> Path:
    """The socket's folder, made anew when it is missing (a restart of the machine empties the temporary ones)."""
    path = base / "run"
    if len(os.fsencode(path)) > LONGEST_SOCKET_FOLDER:
        name = hashlib.sha256(os.fsencode(base)).hexdigest()[:10]
        tops = [Path(f"/run/user/{account.uid}"), Path("/tmp"), Path(tempfile.gettempdir())]  # noqa: S108
        top = next(top for top in tops if top.is_dir() and account.can(top, write=True))
        path = top / f"qipan-{account.uid}-{name}"
    try:
        path.mkdir(mode=0o700)
        account.own(path)
    except FileExistsError:
        pass
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
        raise DatabaseFailure(
            f"{path} 应是只属于账户 {account.name} 的文件夹(权限 0700),现在不是。请移走它后重试。"
        )
    return path

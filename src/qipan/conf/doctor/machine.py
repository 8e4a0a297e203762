"""Checks that need no database: the machine, the files, the parts that set-up brought."""

import importlib.metadata
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from qipan.conf import chromium, frontend, home
from qipan.conf import environment as env
from qipan.conf.doctor import Finding, check, error, ok, warning
from qipan.conf.postgres import place

GIGABYTE = 2**30
PINS = env.ROOT / "requirements" / "base.txt"
COMFORTABLE = 4


@check("parts", "Python 与组件", needs="machine")
def parts_are_the_pinned_ones() -> Finding:
    pins: dict[str, set[str]] = {}
    for name, version, condition in re.findall(r"^([\w.-]+)==([^\s;]+)(.*)", PINS.read_text(), re.M):
        # One with a condition is not meant for every machine, or has another version there.
        pins.setdefault(name, set()).update({version, ""} if ";" in condition else {version})
    wrong = []
    for name, versions in pins.items():
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = ""
        if found not in versions:
            wrong.append(f"{name} {found or '缺失'}(应为 {max(versions)})")
    python = f"Python {sys.version.split()[0]}"
    if wrong:
        return error(f"{python};{'、'.join(wrong[:5])}", "请删除 .venv 后重新运行 ./qipan。")
    return ok(f"{python};{len(pins)} 个组件")


@check("disk", "磁盘空间", needs="machine")
def disk_has_room() -> Finding:
    return room_on_disk(_places())


def room_on_disk(places: list[Path], free: Callable[[Path], int] | None = None) -> Finding:
    """The least free space of the places' disks; `free` gives the free bytes of one."""
    free = free or (lambda path: shutil.disk_usage(path).free)
    left, path = min((free(path), path) for path in places)
    found = f"{path} 所在磁盘剩余 {left / GIGABYTE:.1f} GB"
    mend = "请清理磁盘,或用 QIPAN_HOME 换到更大的磁盘。磁盘写满后数据库会停止写入。"
    if left < env.least_free():
        return error(found, mend)
    return warning(found, mend) if left < COMFORTABLE * env.least_free() else ok(found)


def _places() -> list[Path]:
    found = [_existing(env.home())]
    note = env.home() / "postgres" / "place.json"
    if note.exists():
        found.append(_existing(place.find(env.home()).base))
    return found


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


@check("memory", "内存", needs="machine")
def memory_is_enough() -> Finding:
    try:
        lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        available = int(lines["MemAvailable"].split()[0]) // 1024
    except (OSError, KeyError, ValueError):
        return ok("本系统不提供可用内存的读数")
    found = f"可用 {available} MB"
    if available < 300:
        return error(found, "请关闭其他程序或增加内存;数据库、网页与后台任务合计约需 700 MB。")
    return warning(found, "内存偏紧,合计约需 700 MB。") if available < 700 else ok(found)


@check("clock", "系统时钟", needs="machine")
def clock_is_plausible() -> Finding:
    newest = max((path.stat().st_mtime for path in _dated_files()), default=0.0)
    return clock_after(newest)


def clock_after(newest: float, now: Callable[[], float] = time.time) -> Finding:
    """A clock that runs behind files written earlier is wrong. `newest`: seconds since 1970 of the newest file."""
    behind = newest - now()
    if behind > 60:
        return error(
            f"系统时钟比已有文件的时间晚了 {behind:.0f} 秒",
            "请校准系统时间(例如 timedatectl set-ntp true),再重新启动。时钟不准会使期限计算出错。",
        )
    return ok(time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(now())))


def _dated_files() -> list[Path]:
    logs = list((env.home() / "log").glob("*.log"))
    return [
        path
        for path in (*logs, env.home() / "state.json", env.ROOT / "requirements" / "base.txt")
        if path.exists()
    ]


@check("home", "数据文件夹", needs="machine")
def home_is_writable() -> Finding:
    folder = _existing(env.home())
    if not os.access(folder, os.W_OK | os.X_OK):
        return error(f"{folder} 不可写", "请用拥有它的账户运行,或用 QIPAN_HOME 另指一个文件夹。")
    return ok(str(env.home()))


@check("secrets", "密钥与密码文件", needs="machine")
def secrets_are_private() -> Finding:
    folder = env.home() / "secrets"
    if not folder.exists():
        return ok("尚未建立(首次启动时生成)")
    files = [path for path in folder.rglob("*") if path.is_file()]
    unreadable = [path.name for path in files if not os.access(path, os.R_OK)]
    if unreadable or not os.access(folder, os.R_OK | os.X_OK):
        return error(f"读不到:{'、'.join(unreadable) or folder}", f"请用拥有 {folder} 的账户运行。")
    open_to_others = [path.name for path in (folder, *files) if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if open_to_others:
        return error(f"其他账户也能读:{'、'.join(open_to_others)}", f"chmod -R go= {folder}")
    return ok(f"{len(files)} 个,只有本账户可读")


@check("node", "Node 与前端", needs="machine")
def frontend_is_built() -> Finding:
    try:
        node = frontend.node_program()
    except frontend.FrontendFailure as problem:
        return error("缺少 Node", str(problem))
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        return error(f"{node} 不能运行", "请删除 .venv 后重新运行 ./qipan。")
    if not frontend.is_built():
        return warning(
            f"Node {done.stdout.strip()};前端与源文件不一致", "重新启动 ./qipan serve(或 demo)即会构建。"
        )
    return ok(f"Node {done.stdout.strip()};前端已构建")


@check("address", "对外地址", needs="machine")
def address_is_known() -> Finding:
    if home.mode() != "production":
        return ok("示范系统")
    if not (address := env.text("QIPAN_BASE_URL")):
        return warning("没有设置", "请设置 QIPAN_BASE_URL=https://…:文书上的二维码指向它。")
    if not address.startswith("https://"):
        return warning(address, "请改为 https:// 开头、公众能够访问的地址。")
    return ok(address)


@check("fonts", "文书字体", needs="machine")
def fonts_are_there() -> Finding:
    folder = frontend.FOLDER / "node_modules" / "@expo-google-fonts"
    families = [
        name for name in ("noto-serif-sc", "noto-sans-sc") if not list((folder / name).rglob("*.ttf"))
    ]
    if families:
        return error(
            f"缺少 {'、'.join(families)}", "重新启动 ./qipan serve(或 demo)即会下载。没有字体不能生成文书。"
        )
    return ok("思源宋体、思源黑体")


@check("chromium", "浏览器(只用于测试)", needs="machine")
def browser_is_there() -> Finding:
    return ok(chromium.find() or "没有安装;./qipan test 会尝试安装或跳过浏览器测试")


@check("strays", "已不属于任何项目的数据库", needs="machine")
def no_database_is_left_over() -> Finding:
    left = []
    for note in (note for top in place.ELSEWHERE for note in top.glob("*/belongs-to")):
        owner = Path(note.read_text().strip()) / "postgres" / "place.json"
        if not owner.exists() or str(note.parent) not in owner.read_text():
            left.append(str(note.parent))
    if left:
        return warning(f"{'、'.join(left)}", "原来的项目文件夹已不在;确认不再需要后可删除这些文件夹。")
    return ok("没有")


@check("logs", "日志大小", needs="machine")
def logs_are_small() -> Finding:
    size = sum(path.stat().st_size for path in (env.home() / "log").glob("*") if path.is_file())
    found = f"{env.home() / 'log'}:{size / 2**20:.1f} MB"
    return warning(found, "重新启动时会轮换;也可直接删除旧日志。") if size > 500 * 2**20 else ok(found)

"""`qipan test`: sets up what the suite needs and runs all of it, browser included: the same as CI."""

import argparse
import contextlib
import os
import subprocess
import sys
from typing import Any

from qipan.cli.session import tell
from qipan.conf import chromium, frontend, home, messages
from qipan.conf import environment as env
from qipan.conf.postgres import Cluster, Server

DATABASE = None
PASSES_ARGUMENTS = True
PYTHON = (sys.executable, "-P", "-m")
#: So many tests run at once, each in a process with a database server and a folder of its own.
SIDE_BY_SIDE = min(4, os.cpu_count() or 1)
CHECKS = (
    ("ruff", (*PYTHON, "ruff", "check", "-q", ".", "qipan")),
    (
        "mypy",
        (*PYTHON, "mypy", "--no-error-summary", "src/qipan/kernel", "src/qipan/conf", "src/qipan/verifier"),
    ),
    ("lint-imports", (sys.executable, "-P", "-c", "import importlinter.cli as c; c.lint_imports_command()")),
    ("makemigrations --check", (*PYTHON, "django", "makemigrations", "--check", "--dry-run")),
)


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "test",
        help="运行全部检查与测试(含浏览器测试)",
        usage="qipan test [--slow] [pytest 的参数…]",
        description="没有参数时先做代码检查,再运行全部测试;参数(例如测试文件)原样交给 pytest。",
    )
    parser.add_argument("--slow", action="store_true", help="也运行标记为 slow 的测试")


def run(arguments: argparse.Namespace) -> int:
    """Everything runs even after a failure; 0 only when all of it passed. pytest's summary comes last."""
    os.chdir(env.ROOT)
    os.environ["QIPAN_HOME"] = str(env.home() / "test")
    os.environ["DJANGO_SETTINGS_MODULE"] = "qipan.conf.settings.test"
    home.folder("static")
    messages.compile_stale()
    frontend.build(tell)
    browser = chromium.find_or_install(tell)
    if env.text("DATABASE_URL"):
        return _run(arguments, browser, [])
    several = SIDE_BY_SIDE > 1 and not arguments.rest
    homes = [env.home() / f"gw{number}" for number in range(SIDE_BY_SIDE)] if several else [env.home()]
    clusters = [Cluster(home, durable=False) for home in homes]
    with contextlib.ExitStack() as stack:
        for cluster in clusters:
            (cluster.home / "static").mkdir(parents=True, exist_ok=True)
            stack.enter_context(Server(cluster, tell).running())
        addresses = [cluster.url("owner") for cluster in clusters]
        os.environ["DATABASE_URL"] = addresses[0]
        os.environ["QIPAN_TEST_DATABASES"] = " ".join(addresses)
        if several:
            for address in addresses:
                stack.enter_context(_template(address))
        return _run(arguments, browser, ["-n", str(len(addresses))] if several else [])


def _template(address: str) -> "subprocess.Popen[bytes]":
    """Makes the database that the tests' databases are copies of, beside the checks; tests wait for it."""
    own = {"DATABASE_URL": address, "PYTHONPATH": os.pathsep.join([str(env.ROOT / "src"), str(env.ROOT)])}
    # What goes wrong here goes wrong again, and is told, where the tests make it.
    return subprocess.Popen(  # noqa: S603
        [*PYTHON, "tests.template"], env={**os.environ, **own}, stderr=subprocess.DEVNULL
    )


def _run(arguments: argparse.Namespace, browser: str | None, side_by_side: list[str]) -> int:
    failed = [] if arguments.rest else _checks()
    skipped = [mark for mark, wanted in (("slow", arguments.slow), ("browser", browser)) if not wanted]
    command = [*PYTHON, "pytest", *side_by_side, *arguments.rest]
    if skipped and "-m" not in arguments.rest:
        command += ["-m", " and ".join(f"not {mark}" for mark in skipped)]
    code = subprocess.run(command, check=False).returncode  # noqa: S603
    if failed:
        tell(f"代码检查没有通过:{'、'.join(failed)}(见上文)。")
    if browser is None:
        tell("没有 Chromium,浏览器测试没有运行。请安装软件包 chromium 后再运行。")
        failed += ["browser"] if env.flag("CI") else []
    return code or (1 if failed else 0)


def _checks() -> list[str]:
    """The names of the checks that failed; each says why as it goes."""
    failed = []
    for name, command in CHECKS:
        tell(f"检查 {name}…")
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            tell(done.stdout + done.stderr)
            failed.append(name)
    return failed

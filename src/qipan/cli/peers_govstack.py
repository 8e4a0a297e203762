"""`qipan peers govstack`: the Registration suite of GovStack against a system of the run's own, on its fixed port."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qipan.cli.session import Refusal, tell, use_settings
from qipan.conf import environment as env
from qipan.conf import frontend, home, messages
from qipan.conf.database import Database

HOST, PORT = "127.0.0.1", 3333
"""Where the suite looks; it stands in the suite itself."""
PATIENCE = 900.0


@dataclass(frozen=True)
class Result:
    """What came of one scenario. `reason`: the first step that did not pass, and why."""

    feature: str
    line: int
    scenario: str
    passed: bool
    reason: str = ""


def run(folder: Path, *, as_json: bool) -> int:
    """0 when every scenario passes but those that contradict our law; each failure is printed with its reason."""
    _check(folder)
    packages = env.home() / "cache" / "npm"
    with tempfile.TemporaryDirectory(prefix="qipan-govstack-") as name:
        place = Path(name)
        place.chmod(0o755)  # the database's account has to come in
        with _system(folder, place):
            results = _played(folder, place / "suite", packages)
    return _report(results, as_json)


def _check(folder: Path) -> None:
    """The folder holds a suite, and the port is free."""
    if not any((each / "features").is_dir() for each in (folder, folder / "test" / "openAPI")):
        raise Refusal(
            f"{folder} 里没有 test/openAPI/features。请先下载 github.com/GovStackWorkingGroup/bb-registration,"
            "再给出它的位置。"
        )
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, PORT))
        except OSError:
            raise Refusal(
                f"端口 {PORT} 已被别的程序占用。测试集只认这个端口,请先停止那个程序再运行。"
            ) from None


@contextlib.contextmanager
def _system(folder: Path, place: Path) -> Iterator[None]:
    """A database of the run's own with what the suite takes for granted, and the façade that serves it."""
    for given in ("DATABASE_URL", "QIPAN_OWNER_DATABASE_URL"):
        os.environ.pop(given, None)
    os.environ["QIPAN_HOME"] = str(place / "home")
    (place / "home").mkdir(mode=0o755)
    file = place / "home" / "govstack.json"
    os.environ.pop("QIPAN_GOVSTACK_CLIENTS", None)  # there is none before the accounts are made
    use_settings("demo")
    messages.compile_stale()
    database = Database(tell)
    with database.running():
        database.migrate()
        database.use("app")
        _prepare(folder, file)
        os.environ["QIPAN_GOVSTACK_CLIENTS"] = str(file)
        with _served():
            yield


def _prepare(folder: Path, file: Path) -> None:
    import django

    django.setup()
    from django.db import connections

    from qipan.adapters.govstack.suite import Fixture, NoSuite, Suite
    from qipan.kernel.law import catalogue
    from qipan.kernel.ledger.errors import Refused

    tell("正在载入目录…")
    catalogue.load_all()
    tell("正在建立测试集所需的账户、申请和工单…")
    try:
        fixture = Fixture(Suite(folder))
        fixture.load()
    except (NoSuite, Refused, KeyError) as problem:
        raise Refusal(f"测试集不能识别:{problem}") from None
    home.write_secret(file, json.dumps(fixture.clients()))
    connections.close_all()


@contextlib.contextmanager
def _served() -> Iterator[None]:
    log = home.log_file("web")
    words = [
        sys.executable,
        "-P",
        "-m",
        "granian",
        "--host",
        HOST,
        "--port",
        str(PORT),
        "--interface",
        "wsgi",
    ]
    words += ["--workers", "1", "--blocking-threads", "4", "qipan.adapters.govstack.wsgi:application"]
    with log.open("ab") as output:
        server = subprocess.Popen(  # noqa: S603
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, "QIPAN_DB_POOL": "6"},
        )
    try:
        _wait(server, log)
        yield
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(server: "subprocess.Popen[bytes]", log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + 90
    while time.monotonic() < end and server.poll() is None:
        address = f"http://{HOST}:{PORT}/services?name=-"
        with contextlib.suppress(OSError), opener.open(address, timeout=10) as answer:
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise Refusal(f"接口没有启动。日志的末尾:\n{home.tail(log)}")


def _played(folder: Path, copy: Path, packages: Path) -> list[Result]:
    """The suite's scenarios, run by its own program in a copy of its folder."""
    source = next(each for each in (folder / "test" / "openAPI", folder) if (each / "features").is_dir())
    copy.mkdir()
    for name in ("package.json", "test-data.json"):
        shutil.copy(source / name, copy / name)
    shutil.copytree(source / "features", copy / "features")
    node = frontend.node_program()
    tell("正在安装测试集的组件(npm install)…")
    install = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"]
    _call([*frontend.npm_command(node), *install], copy, node, packages, "npm install")
    tell("正在运行测试集…")
    program = copy / "node_modules" / ".bin" / "cucumber-js"
    report = copy / "report.json"
    words = [node, program, "--publish-quiet", "--format", f"json:{report}"]
    _call(words, copy, node, packages, "cucumber-js", may_fail=True)
    if not report.exists() or not report.stat().st_size:
        raise Refusal(f"测试集没有给出结果。日志的末尾:\n{home.tail(home.log_file('suite'))}")
    return results(json.loads(report.read_text(encoding="utf-8")))


def _call(
    words: Sequence[str | Path],
    folder: Path,
    node: Path,
    packages: Path,
    name: str,
    *,
    may_fail: bool = False,
) -> None:
    environment = {**os.environ, "npm_config_update_notifier": "false"}
    environment.setdefault("npm_config_cache", str(packages))
    environment["PATH"] = os.pathsep.join([str(node.parent), os.environ.get("PATH", "")])
    log = home.log_file("suite")
    with log.open("ab") as output:
        try:
            done = subprocess.run(  # noqa: S603
                words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                timeout=PATIENCE, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise Refusal(f"{name} 无法运行:{problem}") from None
    if done.returncode and not may_fail:
        raise Refusal(f"{name} 没有成功,请检查网络后重试。日志的末尾:\n{home.tail(log)}")


def results(report: list[dict[str, Any]]) -> list[Result]:
    """The scenarios of a report of cucumber (its JSON format), examples counted one by one."""
    found = []
    for feature in report:
        name = Path(feature["uri"]).name
        for scenario in feature["elements"]:
            wrong = next((step for step in scenario["steps"] if step["result"]["status"] != "passed"), None)
            passed, reason = wrong is None, _reason(wrong) if wrong else ""
            found.append(Result(name, scenario["line"], scenario["name"], passed, reason))
    return found


def _reason(step: dict[str, Any]) -> str:
    said = str(step["result"].get("error_message") or step["result"]["status"]).strip()
    return f"{step.get('name') or step['keyword'].strip()} → {said.splitlines()[0][:300]}"


def _report(found: list[Result], as_json: bool) -> int:
    from qipan.adapters.govstack.suite import contradictions

    known = {(each.feature, each.scenario): each.reason for each in contradictions()}
    passed, unexplained, surprising = 0, 0, 0
    for result in found:
        why = known.get((result.feature, result.scenario), "")
        passed += result.passed
        unexplained += not result.passed and not why
        surprising += result.passed and bool(why)
        if as_json:
            print(json.dumps({**vars(result), "contradicts": why}, ensure_ascii=False), flush=True)
        elif not result.passed:
            print(f"{'≠' if why else '✗'} {result.feature}:{result.line} {result.scenario}:{result.reason}")
            if why:
                print(f"    与本平台的规则相抵触:{why}")
        elif why:
            print(f"? {result.feature}:{result.line} {result.scenario}:列为相抵触,却通过了")
    listed = len(found) - passed - unexplained
    if as_json:
        print(json.dumps({"passed": passed, "total": len(found), "contradicting": listed}), flush=True)
    else:
        tell(
            f"通过 {passed},共 {len(found)};因与本平台的规则相抵触而不通过 {listed},其他不通过 {unexplained}。"
        )
    return 0 if found and not unexplained and not surprising else 1

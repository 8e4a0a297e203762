"""`./qipan` on machines that lack something: each is told with the package to install, nothing is half done."""

import importlib.machinery
import importlib.util
import json
import os
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def launcher(tmp_path: Path) -> ModuleType:
    """The launcher as a module, working in a folder of its own."""
    loader = importlib.machinery.SourceFileLoader("launcher", str(ROOT / "qipan"))
    spec = importlib.util.spec_from_loader("launcher", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    module.ROOT, module.VENV, module.HOME = tmp_path, tmp_path / ".venv", tmp_path / "var"
    (tmp_path / "requirements").mkdir()
    for name in ("base.txt", "test.txt"):
        (tmp_path / "requirements" / name).write_text(f"# {name}\n")
    return module


def installed(launcher: ModuleType, *names: str) -> None:
    (launcher.VENV / "bin").mkdir(parents=True, exist_ok=True)
    launcher.venv_python().touch()
    digests = {name: launcher.digest(launcher.ROOT / "requirements" / name) for name in names}
    (launcher.VENV / "qipan.json").write_text(json.dumps(digests))


def test_no_python_at_all(tmp_path: Path) -> None:
    for tool in ("sh", "cat"):
        (tmp_path / tool).symlink_to(f"/bin/{tool}")
    done = subprocess.run(
        [ROOT / "qipan", "demo"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Python 3.11" in done.stderr and "apt install" in done.stderr and "QIPAN_PYTHON" in done.stderr


def test_an_environment_is_ready_only_when_it_was_finished_for_these_pins(launcher: ModuleType) -> None:
    base, test = (launcher.ROOT / "requirements" / name for name in ("base.txt", "test.txt"))
    assert not launcher.is_ready(base)
    installed(launcher, "base.txt")
    assert launcher.is_ready(base) and not launcher.is_ready(test)
    launcher.unfinished().touch()
    assert not launcher.is_ready(base)
    launcher.unfinished().unlink()
    base.write_text("django==1\n")
    assert not launcher.is_ready(base)
    installed(launcher, "test.txt")
    assert launcher.is_ready(base) and launcher.is_ready(test), "the parts for tests contain the others"


@pytest.mark.parametrize(
    ("identity", "venv", "compiler"),
    [
        ('ID=ubuntu\nID_LIKE="debian"\n', "apt install python3.", "build-essential"),
        ("ID=fedora\n", "dnf install python3.", "gcc"),
        ("ID=alpine\n", "apk add python3", "build-base"),
        ("ID=unheard-of\n", "venv and ensurepip modules", "C compiler"),
    ],
)
def test_the_package_is_named_for_this_system(
    launcher: ModuleType, monkeypatch, tmp_path: Path, identity: str, venv: str, compiler: str
) -> None:
    release = tmp_path / "os-release"
    release.write_text(identity)
    monkeypatch.setattr(launcher, "Path", lambda _path: release)
    monkeypatch.setattr(launcher.sys, "platform", "linux")
    assert venv in launcher.package_for("venv") and compiler in launcher.package_for("compiler")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("OSError: [Errno 28] No space left on device", "2 GB"),
        ("error: command 'gcc' failed: No such file", "编译器"),
        ("Temporary failure in name resolution", "连不上软件源"),
        ("ERROR: No matching distribution found for x==1", "没有适合本机的版本"),
        ("something else", "已下载的部分不会重来"),
    ],
)
def test_why_the_parts_did_not_come(launcher: ModuleType, tmp_path: Path, said: str, told: str) -> None:
    log = tmp_path / "install.log"
    log.write_text(f"Collecting x\n{said}\n")
    text = launcher.why_pip_failed(log)
    assert told in text and said in text and str(log) in text


def test_a_link_to_a_broken_environment_is_not_replaced(launcher: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    launcher.VENV.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(launcher.CannotStart, match="链接"):
        launcher.make_environment()
    assert os.path.islink(launcher.VENV)

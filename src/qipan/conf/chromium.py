"""The browser for the functional tests: the system's Chromium, or one that apt installs where it may."""

import os
import shutil
import subprocess
from collections.abc import Callable

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find() -> str | None:
    """The system's browser, if there is one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def find_or_install(tell: Callable[[str], None]) -> str | None:
    """Installs the package `chromium` where we are root on a Debian; None where no browser can be had."""
    if found := find():
        return found
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return None
    tell("没有找到 Chromium,正在安装软件包 chromium(apt-get install -y chromium)…")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["install"], ["update"], ["install"]):
        packages = ["chromium"] if arguments == ["install"] else []
        options = ["-y", "-q", "--no-install-recommends"] if packages else ["-q"]
        done = subprocess.run(  # noqa: S603
            [apt, *arguments, *options, *packages],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=False,
        )
        if packages and done.returncode == 0:
            break
    return find()

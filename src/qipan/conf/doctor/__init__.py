"""Checks of the machine and of the running system. Each is a small function; a room above adds its own in `ready()`.

@check("evidence", "证据文件夹", needs="system")
def folder_is_writable() -> Finding: ...
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "error"]
Needs = Literal["machine", "system"]


@dataclass(frozen=True)
class Finding:
    """What a check found, and for anything but `ok` how to mend it."""

    level: Level
    found: str
    mend: str = ""


def ok(found: str) -> Finding:
    return Finding("ok", found)


def warning(found: str, mend: str) -> Finding:
    """It works, but not for long or not well."""
    return Finding("warning", found, mend)


def error(found: str, mend: str) -> Finding:
    """Something does not work."""
    return Finding("error", found, mend)


@dataclass(frozen=True)
class Check:
    """A `machine` check runs always; a `system` check only with a database that answers, Django set up."""

    code: str
    title: str
    needs: Needs
    look: Callable[[], Finding]

    def run(self) -> Finding:
        """The finding; a check that fails itself is an error that says so."""
        try:
            return self.look()
        except Exception as problem:
            return error(f"检查本身没有完成:{type(problem).__name__}: {problem}", "请把这一行告诉维护人员。")


_checks: dict[str, Check] = {}


def check(
    code: str, title: str, *, needs: Needs = "system"
) -> Callable[[Callable[[], Finding]], Callable[[], Finding]]:
    """Registers a check under a code; a second one under the same code is a programming error."""

    def register(look: Callable[[], Finding]) -> Callable[[], Finding]:
        if code in _checks and _checks[code].look is not look:
            raise ValueError(f"two checks are called {code}")
        _checks[code] = Check(code, title, needs, look)
        return look

    return register


def checks(needs: Needs) -> list[Check]:
    """The registered checks of a kind, in the order of their registration."""
    from qipan.conf.doctor import backup, database, keys, machine  # noqa: F401  they register themselves

    return [each for each in _checks.values() if each.needs == needs]

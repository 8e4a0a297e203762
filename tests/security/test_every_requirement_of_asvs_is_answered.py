"""OWASP ASVS 5.0.0, levels 1 and 2: each of the 253 requirements leads to a test, a setting, a page or a reason."""

import importlib
import re
import sys
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import yaml

from tests.security import asvs


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The settings of a real installation, read without changing those of this run."""
    from qipan.conf.settings import base

    name = "qipan.conf.settings.production"
    monkeypatch.setattr(base, "SECRET_KEY", "x" * 50)
    monkeypatch.delitem(sys.modules, name, raising=False)
    module = importlib.import_module(name)
    monkeypatch.delitem(sys.modules, name)
    return module


def test_the_ids_are_those_of_the_standard() -> None:
    levels = list(asvs.levels().values())
    assert (levels.count(1), levels.count(2)) == (70, 183)
    assert {number.split(".")[0] for number in asvs.levels()} == {str(chapter) for chapter in range(1, 18)}


def test_every_requirement_is_answered(production: ModuleType) -> None:
    entries = asvs.mapping()
    assert asvs.faults(entries, asvs.levels(), production) == []
    if missing := asvs.gaps(entries):
        warnings.warn(f"ASVS: {len(missing)} gaps\n" + "\n".join(missing), stacklevel=1)


def test_the_page_tells_the_right_figures() -> None:
    page = (asvs.ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    told = {kind: int(number) for kind, number in re.findall(r"^\| `(\w+)` \| (\d+) \|", page, re.M)}
    assert told == asvs.counts(asvs.mapping())


GOOD = {
    "about": "something",
    "test": "tests/security/test_every_requirement_of_asvs_is_answered.py::test_the_ids_are_those_of_the_standard",
}


def without_one(entries: dict[str, Any]) -> None:
    del entries["1.1.1"]


def of_level_three(entries: dict[str, Any]) -> None:
    entries["6.5.6"] = dict(GOOD)


def change(**fields: Any) -> Callable[[dict[str, Any]], None]:
    def changed(entries: dict[str, Any]) -> None:
        entries["1.1.1"] = {"about": "something", **fields}

    return changed


@pytest.mark.parametrize(
    ("plant", "told"),
    [
        (without_one, "1.1.1: not mapped"),
        (of_level_three, "6.5.6: no requirement of level 1 or 2"),
        (change(), "1.1.1: is kept by nothing"),
        (change(test="tests/security/test_nowhere.py::test_a"), "1.1.1: no such file: tests/security/test_nowhere.py"),
        (change(test=GOOD["test"] + "_x"), f"1.1.1: no such test: {GOOD['test']}_x"),
        (change(test=[GOOD["test"], "tests/security/asvs.py::faults"]), "1.1.1: no such test: tests/security/asvs.py::faults"),
        (change(setting={"SECURE_HSTS_SECONDS": 5}), "1.1.1: SECURE_HSTS_SECONDS is 31536000, not 5"),
        (change(setting={"SECURE_HSTS_MINUTES": 5}), "1.1.1: no such setting: SECURE_HSTS_MINUTES"),
        (change(setting={"CONTENT_SECURITY_POLICY.DIRECTIVES.no": []}), "1.1.1: no such setting: CONTENT_SECURITY_POLICY.DIRECTIVES.no"),
        (change(setting={"qipan.kernel.accounts.limits.VERIFY.burst": 1}), "1.1.1: qipan.kernel.accounts.limits.VERIFY.burst is 60, not 1"),
        (change(page="docs/nowhere.md"), "1.1.1: no such page: docs/nowhere.md"),
        (change(page="docs/security.md#nowhere"), "1.1.1: no such heading: docs/security.md#nowhere"),
        (change(not_applicable=""), "1.1.1: not_applicable without a reason"),
        (change(not_applicable="n/a"), "1.1.1: not_applicable without a reason"),
        (change(gap=None), "1.1.1: gap without a reason"),
        (change(accepted="the proxy does it well"), "1.1.1: accepted, and `by` whom, belong together"),
        (change(accepted="the proxy does it well", by=" "), "1.1.1: accepted, and `by` whom, belong together"),
        (change(test=GOOD["test"], by="the operator"), "1.1.1: accepted, and `by` whom, belong together"),
        (change(test=GOOD["test"], not_applicable="there is nothing of it"), "1.1.1: says two things at once"),
        (change(gap="needs to be built", not_applicable="there is nothing of it"), "1.1.1: says two things at once"),
        (change(tests=GOOD["test"]), "1.1.1: unknown words: tests"),
        (lambda entries: entries.update({"1.1.1": {"test": GOOD["test"]}}), "1.1.1: does not say what it is about"),
        (lambda entries: entries.update({"1.1.1": None}), "1.1.1: says nothing"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(
    production: ModuleType, plant: Callable[[dict[str, Any]], None], told: str
) -> None:
    """Each fault is told, by its id, in a map that is otherwise right."""
    entries: dict[str, Any] = {number: dict(GOOD) for number in asvs.levels()}
    assert asvs.faults(entries, asvs.levels(), production) == []
    plant(entries)
    assert told in asvs.faults(entries, asvs.levels(), production)


def test_an_id_that_stands_there_twice_is_found(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    twice = tmp_path / "asvs.yaml"
    twice.write_text(yaml.safe_dump({"1.1.1": GOOD}) + yaml.safe_dump({"1.1.1": GOOD}))
    monkeypatch.setattr(asvs, "MAP", twice)
    with pytest.raises(ValueError, match=r"twice: 1\.1\.1"):
        asvs.mapping()

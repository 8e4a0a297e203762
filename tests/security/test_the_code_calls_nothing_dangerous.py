"""Whole families of faults are kept out by what is never called: unsafe loading, eval, shells, weak parsers."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

MODULES = {"pickle", "marshal", "shelve", "dill", "jsonpickle", "cPickle", "telnetlib", "ftplib", "random"}
#: Random numbers that are nobody's secret.
PLAYFUL = {"qipan/city", "qipan/cli/pictures.py", "qipan/kernel/flow/testing.py"}
CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "os.system",
    "os.popen",
    "yaml.unsafe_load",
    "yaml.full_load",
}
LOADERS = {"LOADER", "_Once"}


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def dangers(source: str, place: str = "") -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = (
                [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            )
            for name in names:
                if name == "random" and any(place.startswith(each) for each in PLAYFUL):
                    continue
                if name.split(".")[0] in MODULES:
                    yield f"import {name}"
                if name.startswith("xml.") and name not in {"xml.etree.ElementTree", "xml.sax.saxutils"}:
                    yield f"import {name}"
        elif isinstance(node, ast.Call):
            name = name_of(node.func)
            given = {each.arg: each.value for each in node.keywords}
            if name in CALLS:
                yield name
            if name == "yaml.load" and name_of(given.get("Loader", ast.Name(""))) not in LOADERS:
                yield name
            if isinstance(shell := given.get("shell"), ast.Constant) and shell.value:
                yield f"{name}(shell=True)"
            if isinstance(check := given.get("verify"), ast.Constant) and check.value is False:
                yield f"{name}(verify=False)"
            if name.startswith(("ElementTree.parse", "ElementTree.fromstring", "ElementTree.iterparse")):
                yield name


def test_the_product_does_not() -> None:
    source = Path(settings.ROOT) / "src"
    files = sorted(source.rglob("*.py"))
    found = [
        f"{path.relative_to(source)}: {danger}"
        for path in files
        for danger in dangers(path.read_text(encoding="utf-8"), str(path.relative_to(source)))
    ]
    assert len(files) > 300 and found == []


@pytest.mark.parametrize(
    "source",
    ["import pickle", "from marshal import loads", "eval(text)", "yaml.load(text)", "yaml.load(text, Loader=yaml.Loader)",
     "subprocess.run(text, shell=True)", "httpx.get(url, verify=False)", "ElementTree.fromstring(text)", "import xml.sax", "import random"],
)  # fmt: skip
def test_a_planted_call_is_found(source: str) -> None:
    assert len(list(dangers(source))) == 1

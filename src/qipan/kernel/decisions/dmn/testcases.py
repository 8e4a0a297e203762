"""Test cases in the form of the DMN TCK (testcase namespace 20160719), run on our engine.

A folder holds one or several models (*.dmn) and test cases (*.xml) that name one of them; each expected result counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, parse
from django.utils.translation import gettext as _

from qipan.kernel.decisions.dmn import model
from qipan.kernel.decisions.dmn.document import DmnError, child, children, local
from qipan.kernel.decisions.dmn.graph import Graph, Round
from qipan.kernel.decisions.dmn.reading import read
from qipan.kernel.decisions.feel import temporal, types
from qipan.kernel.decisions.feel.functions.text import words
from qipan.kernel.decisions.feel.values import equal

NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
#: Results that are no exact decimals (roots, payments) may differ from the expected text by this much.
TOLERANCE = Decimal("1e-8")


@dataclass(frozen=True)
class Result:
    """One expected result: where it stands, whether ours is the same, and why not."""

    suite: str
    case: str
    node: str
    passed: bool
    reason: str = ""
    table: bool = False


class Unreadable(ValueError):
    """A value of a test case that is none of its type."""


class Folder:
    """The models of one folder, by file and by namespace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.graphs: dict[str, Graph] = {}
        self.by_namespace: dict[str, Path] = {}
        for path in sorted(folder.glob("*.dmn")):
            try:
                self.by_namespace.setdefault(read(path.read_bytes()).namespace, path)
            except DmnError:
                continue

    def graph(self, name: str) -> Graph:
        """The model of a file. Raises DmnError, OSError."""
        if name not in self.graphs:
            self.graphs[name] = Graph(read((self.folder / name).read_bytes()), self._imported)
        return self.graphs[name]

    def _imported(self, namespace: str) -> Graph | None:
        path = self.by_namespace.get(namespace)
        return self.graph(path.name) if path else None


def run_folder(folder: Path) -> Iterator[Result]:
    """Every expected result of a folder's test cases."""
    models = Folder(folder)
    for path in sorted(folder.glob("*.xml")):
        try:
            root = parse(path, forbid_dtd=True).getroot()
        except (ParseError, DefusedXmlException, OSError) as error:
            yield Result(
                folder.name, path.name, "", False, _("测试文件不能读取：%(error)s") % {"error": error}
            )
            continue
        if local(root) != "testCases":
            continue
        named = child(root, "modelName")
        name = Path((named.text or "").strip() if named is not None else f"{folder.name}.dmn").name
        for case in children(root, "testCase"):
            yield from _run_case(models, folder.name, name, case)


def _run_case(models: Folder, suite: str, file: str, case: Element) -> Iterator[Result]:
    try:
        graph = models.graph(file)
    except (DmnError, OSError) as error:
        for node in children(case, "resultNode"):
            yield Result(suite, case.get("id", ""), node.get("name", ""), False, str(error))
        return
    try:
        facts = {one.get("name", ""): _given(one, graph) for one in children(case, "inputNode")}
    except Unreadable as error:
        for node in children(case, "resultNode"):
            yield Result(suite, case.get("id", ""), node.get("name", ""), False, str(error))
        return
    for node in children(case, "resultNode"):
        yield _judge(graph, suite, case, node, facts)


def _judge(graph: Graph, suite: str, case: Element, node: Element, facts: dict[str, Any]) -> Result:
    name = node.get("name", "")
    failing = node.get("errorResult") == "true"
    expected = child(node, "expected")
    table = any(
        isinstance(one.box, model.DecisionTable) for one in graph.definitions.decisions if one.name == name
    )
    reason, got, wanted = "", None, None
    try:
        wanted = value_of(expected) if expected is not None else None
        kind = case.get("type", "decision")
        round_ = Round(facts)
        if kind == "decision" or not case.get("invocableName"):
            got = round_.decision(graph, graph.find(name, model.Decision, model.Service))
        else:
            got = _invoked(graph, round_, case.get("invocableName", ""), name)
        reason = "；".join(round_.errors)
    except LookupError:
        reason = _("模型里没有“%(name)s”。") % {"name": name}
    except Unreadable as error:
        return Result(suite, case.get("id", ""), name, False, str(error), table)
    except ValueError as error:
        reason = str(error)
    if failing:
        passed = got is None
    else:
        passed = same(got, wanted) and (not reason or got is not None or wanted is None)
    if passed:
        return Result(suite, case.get("id", ""), name, True, table=table)
    said = _("应为 %(wanted)s，得到 %(got)s") % {"wanted": words(wanted, True), "got": words(got, True)}
    return Result(
        suite, case.get("id", ""), name, False, f"{said}（{reason}）" if reason else said, table=table
    )


def _invoked(graph: Graph, round_: Round, invocable: str, output: str) -> Any:
    element = graph.find(invocable, model.Knowledge, model.Service)
    function = round_.function(graph, element)
    missing = [name for name, _type in function.parameters if name not in round_.facts]
    if missing:
        return None
    found = round_.evaluator.call(function, [round_.facts[name] for name, _type in function.parameters])
    if isinstance(element, model.Service) and len(element.outputs) > 1 and isinstance(found, dict):
        return found.get(output)
    return found


def _given(node: Element, graph: Graph) -> Any:
    value = value_of(node)
    declared = next((one for one in graph.definitions.inputs if one.name == node.get("name")), None)
    if declared is not None and isinstance(value, str) and not _typed(node):
        return _as_declared(value, graph.types.of(declared.type))
    return value


def _typed(node: Element) -> bool:
    inner = child(node, "value")
    return inner is not None and inner.get(TYPE) is not None


def _as_declared(text: str, of: Any) -> Any:
    base = of.base if isinstance(of, types.Constrained) else of
    name = base.name if isinstance(base, types.Simple) else ""
    kinds = {"number": "decimal", "boolean": "boolean", "date": "date", "time": "time"}
    kinds |= {"date and time": "dateTime"}
    kinds |= {"days and time duration": "duration", "years and months duration": "duration"}
    return _read(kinds[name], text) if name in kinds else text


def value_of(element: Element) -> Any:
    """A value as the test cases write it: value, list of items, or components."""
    components = children(element, "component")
    if components:
        return {one.get("name", ""): value_of(one) for one in components}
    items = child(element, "list")
    if items is not None:
        return None if items.get(NIL) == "true" else [value_of(one) for one in children(items, "item")]
    inner = child(element, "value")
    if inner is None or inner.get(NIL) == "true":
        return None
    return _read((inner.get(TYPE) or "string").rpartition(":")[2], inner.text or "")


def _read(kind: str, text: str) -> Any:
    if kind == "string":
        return text
    text = text.strip()
    if kind in {"decimal", "double", "integer", "int", "float", "long"}:
        try:
            return Decimal(text)
        except InvalidOperation:
            return text
    if kind == "boolean":
        return text in {"true", "1"}
    found = {
        "date": temporal.read_date,
        "time": temporal.read_time,
        "dateTime": temporal.read_moment,
        "duration": temporal.read_duration,
        "dayTimeDuration": temporal.read_duration,
        "yearMonthDuration": temporal.read_duration,
    }[kind](text)
    if found is None:  # else a result of null would pass for a value that we cannot read
        raise Unreadable(_("测试里的值“%(text)s”（%(kind)s）不能读取") % {"text": text, "kind": kind})
    return found


def same(got: Any, wanted: Any) -> bool:
    """Whether a result is the expected one, numbers within the tolerance."""
    if isinstance(got, Decimal) and isinstance(wanted, Decimal):
        return got == wanted or abs(got - wanted) <= TOLERANCE * max(Decimal(1), abs(wanted))
    if isinstance(got, list) and isinstance(wanted, list):
        return len(got) == len(wanted) and all(same(a, b) for a, b in zip(got, wanted, strict=True))
    if isinstance(got, dict) and isinstance(wanted, dict):
        return got.keys() == wanted.keys() and all(same(got[key], wanted[key]) for key in got)
    return equal(got, wanted) is True

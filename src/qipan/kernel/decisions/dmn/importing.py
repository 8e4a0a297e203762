"""A DMN file from a bureau as a table of ours: everything that is wrong is told cell by cell, before anything is kept."""

import datetime
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from django.utils.translation import gettext as _
from pydantic import ValidationError

from qipan.kernel.decisions import coverage
from qipan.kernel.decisions.dmn import model
from qipan.kernel.decisions.dmn.boxes import listed
from qipan.kernel.decisions.dmn.choosing import ImportProblems, Problem, chosen, required
from qipan.kernel.decisions.dmn.document import DmnError
from qipan.kernel.decisions.dmn.exporting import NOTE, SOURCE, UNCONFIRMED
from qipan.kernel.decisions.dmn.reading import read
from qipan.kernel.decisions.feel import FeelSyntaxError, evaluate, parse_expression, parse_unary_tests, tree
from qipan.kernel.decisions.feel.inspection import nodes, unknown_names
from qipan.kernel.decisions.feel.values import kind
from qipan.kernel.decisions.loading import RuleRow
from qipan.kernel.decisions.tables import Table, TableError

#: The types that a column of ours may have, over which gaps and overlaps can be checked.
COLUMN_TYPES = ("string", "number", "boolean", "date")


def imported(content: bytes, *, code: str, decision: str = "", file_name: str = "") -> dict[str, Any]:
    """The stored form of the table in a DMN file; `decision` names one where there are several.

    Raises ImportProblems.
    """
    try:
        definitions = read(content)
    except DmnError as error:
        raise ImportProblems([Problem(0, "", "", str(error))]) from None
    return _Import(definitions, chosen(definitions, decision), code, file_name).body()


class _Import:
    def __init__(
        self, definitions: model.Definitions, decision: model.Decision, code: str, file_name: str
    ) -> None:
        assert isinstance(decision.box, model.DecisionTable)
        self.definitions, self.decision, self.box = definitions, decision, decision.box
        self.code, self.file_name = code, file_name
        self.items = {one.name: one for one in definitions.items}
        self.problems: list[Problem] = []
        self.required = required(definitions, decision)
        self.names = frozenset(
            {one.name for one in definitions.inputs}
            | {one.name or one.expression.strip() for one in self.box.inputs}
            | {one.name for one in self.required}
        )

    def wrong(self, row: int, column: str, cell: str, why: str) -> None:
        self.problems.append(Problem(row, column, cell.strip(), why))

    def body(self) -> dict[str, Any]:
        """The stored form. Raises ImportProblems."""
        if not self.box.inputs or not self.box.outputs or not self.box.rules:
            self.wrong(0, "", "", _("决策表至少要有一个条件列、一个结果列和一条规则。"))
            raise ImportProblems(self.problems)
        inputs = [self.input(number, one) for number, one in enumerate(self.box.inputs, start=1)]
        outputs = [self.output(number, one) for number, one in enumerate(self.box.outputs, start=1)]
        self.doubled([one["name"] for one in inputs], [one["title"] for one in inputs])
        self.doubled([one["name"] for one in outputs], [one["title"] for one in outputs])
        rules = [
            self.rule(number, row, inputs, outputs) for number, row in enumerate(self.box.rules, start=1)
        ]
        if self.problems:
            raise ImportProblems(self.problems)
        body = {
            "code": self.code,
            "title": self.decision.name or self.definitions.name,
            "hit_policy": self.box.hit_policy,
            "inputs": inputs,
            "outputs": outputs,
            "rules": rules,
        }
        if self.required:
            body["requires"] = [one.id for one in self.required]
        self.covered(body)
        return body

    def doubled(self, names: list[str], titles: list[str]) -> None:
        for place, name in enumerate(names):
            if name in names[:place]:
                self.wrong(0, titles[place], name, _("两列同名，请改其中一列的名称。"))

    def type(self, given: str, expression: str) -> tuple[str, str]:
        """The plain type of a column and the allowed values that its type definition gives."""
        declared = given or next(
            (one.type for one in self.definitions.inputs if one.name == expression.strip()), ""
        )
        item = self.items.get(declared)
        return (item.type, item.allowed) if item is not None and not item.components else (declared, "")

    def input(self, number: int, one: model.InputClause) -> dict[str, Any]:
        title = one.label or one.expression.strip() or _("条件 %(number)d") % {"number": number}
        expression = one.expression.strip()
        if not expression:
            self.wrong(0, title, "", _("没有写明比较哪一项（inputExpression 为空）。"))
        else:
            self.parsed(0, title, expression)
        plain, allowed = self.type(one.type, expression)
        column_type = plain or self.guessed(number - 1)
        if column_type not in COLUMN_TYPES:
            self.wrong(
                0,
                title,
                column_type,
                _("条件列的类型只能是 %(known)s。") % {"known": "、".join(COLUMN_TYPES)},
            )
            column_type = "string"
        return {
            "name": one.name or expression,
            "title": title,
            "expression": expression,
            "type": column_type,
            "domain": self.domain(title, column_type, one.values or allowed),
        }

    def guessed(self, place: int) -> str:
        """The type that a column's constants have where the file gives none."""
        kinds = set()
        for row in self.box.rules:
            if place < len(row.when):
                try:
                    tests = parse_unary_tests(row.when[place], self.names)
                except FeelSyntaxError:
                    continue
                kinds |= set(_kinds(tests)) & set(COLUMN_TYPES)
        return kinds.pop() if len(kinds) == 1 else "string"

    def domain(self, title: str, column_type: str, text: str) -> Any:
        if not text.strip() or column_type == "boolean":
            return None
        try:
            tests = parse_unary_tests(text, self.names).tests
            values = listed(text, self.names)
        except FeelSyntaxError as error:
            self.wrong(0, title, text, str(error))
            return None
        if column_type in {"number", "date"} and len(tests) == 1 and isinstance(tests[0], tree.Range):
            return text.strip()
        if column_type in {"number", "string"} and all(kind(one) == column_type for one in values):
            return [one if column_type == "string" else _plain(one) for one in values]
        self.wrong(0, title, text, _("取值范围应当是一个区间，或者逐一列举的值。"))
        return None

    def output(self, number: int, one: model.OutputClause) -> dict[str, Any]:
        title = one.label or one.name or self.decision.name or _("结果 %(number)d") % {"number": number}
        plain, allowed = self.type(one.type or (self.decision.type if len(self.box.outputs) == 1 else ""), "")
        values: list[Any] = []
        try:
            values = listed(one.values or allowed, self.names)
        except FeelSyntaxError as error:
            self.wrong(0, title, one.values or allowed, str(error))
        if any(kind(value) not in {"string", "number", "boolean"} for value in values):
            self.wrong(0, title, one.values or allowed, _("结果的取值应当逐一列举。"))
            values = []
        if self.box.hit_policy in {"P", "O"} and not values:
            self.wrong(0, title, "", _("按优先级命中的表，结果列要按优先级列出取值（outputValues）。"))
        default = (one.default or "").strip() or None
        if default:
            self.parsed(0, title, default)
        return {
            "name": one.name or ("result" if number == 1 else f"result{number}"),
            "title": title,
            "type": plain or "string",
            "values": [_plain(value) for value in values],
            "default": default,
        }

    def rule(
        self, number: int, row: model.RuleRow, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]
    ) -> dict[str, Any]:
        if len(row.when) != len(inputs) or len(row.then) != len(outputs):
            self.wrong(
                number,
                _("全部"),
                "",
                _("有 %(when)d 个条件、%(then)d 个结果，表头有 %(inputs)d 列和 %(outputs)d 列。")
                % {
                    "when": len(row.when),
                    "then": len(row.then),
                    "inputs": len(inputs),
                    "outputs": len(outputs),
                },
            )
        for cell, column in zip(row.when, inputs, strict=False):
            self.condition(number, column, cell)
        for cell, column in zip(row.then, outputs, strict=False):
            self.conclusion(number, column, cell)
        return {
            "when": [cell.strip() or "-" for cell in row.when],
            "then": [cell.strip() for cell in row.then],
            **self.sourced(number, row),
        }

    def parsed(self, row: int, column: str, cell: str) -> tree.Node | None:
        """The tree of an expression; None when it is wrong, which is noted."""
        try:
            node = parse_expression(cell, self.names)
        except FeelSyntaxError as error:
            self.wrong(row, column, cell, str(error))
            return None
        self.named(row, column, cell, node)
        return node

    def named(self, row: int, column: str, cell: str, node: tree.Node) -> None:
        for name in unknown_names(node, self.names):
            self.wrong(
                row,
                column,
                cell,
                _("“%(name)s”不是本表的输入；如果是文字，请加英文双引号。") % {"name": name},
            )

    def condition(self, number: int, column: dict[str, Any], cell: str) -> None:
        try:
            tests = parse_unary_tests(cell, self.names)
        except FeelSyntaxError as error:
            self.wrong(number, column["title"], cell, str(error))
            return
        self.named(number, column["title"], cell, tests)
        said = set(_kinds(tests)) & {*COLUMN_TYPES, "bad date"}
        if "bad date" in said:
            self.wrong(number, column["title"], cell, _('日期写作 date("2026-01-31")，并且要真实存在。'))
        elif said - {column["type"]}:
            self.wrong(
                number,
                column["title"],
                cell,
                _("这一列的类型是 %(wanted)s，条件里却是 %(said)s。")
                % {"wanted": column["type"], "said": "、".join(sorted(said - {column["type"]}))},
            )
        elif isinstance(column["domain"], list):
            values = {
                _plain(one.value)
                for one in nodes(tests)
                if isinstance(one, tree.Literal) and one.value is not None
            }
            for value in sorted(values - set(column["domain"]), key=str):
                self.wrong(
                    number,
                    column["title"],
                    cell,
                    _("“%(value)s”不在取值范围（%(domain)s）内。")
                    % {"value": value, "domain": "、".join(str(one) for one in column["domain"])},
                )

    def conclusion(self, number: int, column: dict[str, Any], cell: str) -> None:
        if not cell.strip():
            self.wrong(number, column["title"], cell, _("结果没有填写。"))
            return
        node = self.parsed(number, column["title"], cell)
        if column["values"] and isinstance(node, tree.Literal) and _plain(node.value) not in column["values"]:
            self.wrong(
                number,
                column["title"],
                cell,
                _("结果不在取值（%(values)s）内。")
                % {"values": "、".join(str(one) for one in column["values"])},
            )

    def sourced(self, number: int, row: model.RuleRow) -> dict[str, str]:
        said = dict(zip(self.box.annotations, row.annotations, strict=False))
        if not self.box.annotations and row.annotations:
            said = {NOTE: row.annotations[0]}
        source = said.get(SOURCE, "").strip()
        unconfirmed = said.get(UNCONFIRMED, "").strip()
        if not source and not unconfirmed:
            unconfirmed = _("自文件 %(file)s 导入，尚未注明依据") % {"file": self.file_name or "DMN"}
        try:
            RuleRow(when=["-"], then=["1"], source=source, unconfirmed=unconfirmed)
        except (ValidationError, ValueError):
            self.wrong(
                number, SOURCE, source, _("依据写作“法规简称 条号”，例如“FBL15 32”；与“待确认”只填一项。")
            )
        return {"note": said.get(NOTE, "").strip(), "source": source, "unconfirmed": unconfirmed}

    def covered(self, body: dict[str, Any]) -> None:
        """Gaps and overlaps, with their cells. Raises ImportProblems."""
        try:
            found = coverage.check(Table.from_body(body))
        except TableError as error:
            found = []
            self.wrong(0, "", "", str(error))
        for finding in found:
            if finding.cells:
                for cell in finding.cells:
                    self.wrong(cell.rule, cell.title, cell.text, finding.text)
            else:
                self.wrong(0, "", "", finding.text)
        if self.problems:
            raise ImportProblems(self.problems)


def _plain(value: Any) -> Any:
    """A FEEL value as JSON has it."""
    if kind(value) == "number":
        return int(value) if value == int(value) else float(value)
    return value


def _kinds(node: Any) -> Iterator[str]:
    """The types of the constants in a tree; "bad date" for a date that does not exist."""
    if isinstance(node, tree.Literal):
        yield kind(node.value)
    elif isinstance(node, tree.Call):
        if isinstance(node.function, tree.Name) and node.function.name in {"date", "@"}:
            constant = all(isinstance(one, tree.Literal) for one in node.arguments)
            value = evaluate(node, {}) if constant else datetime.date.min
            yield "bad date" if value is None else kind(value)
    elif isinstance(node, tuple):
        for one in node:
            yield from _kinds(one)
    elif is_dataclass(node):
        for one in fields(node):
            yield from _kinds(getattr(node, one.name))

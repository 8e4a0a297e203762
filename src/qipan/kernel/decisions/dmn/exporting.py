"""Our tables as DMN files, so that they open in any modeller and come back the same."""

import datetime
from collections.abc import Sequence
from typing import Any

from qipan.kernel.decisions.dmn import model
from qipan.kernel.decisions.dmn.writing import write
from qipan.kernel.decisions.feel import parse_expression
from qipan.kernel.decisions.feel.inspection import unknown_names
from qipan.kernel.decisions.tables import Input, Table

#: The annotation columns that carry what DMN has no place for.
NOTE, SOURCE, UNCONFIRMED = "备注", "依据", "待确认"


def exported(table: Table, valid_from: datetime.date, required: Sequence[Table] = ()) -> bytes:
    """A table as a DMN file: its inputs as input data, its notes and sources as annotations.

    `required` are the tables that are decided before it; they stand in the file as decisions of their own.
    """
    return write(definitions_of(table, valid_from, required))


def definitions_of(
    table: Table, valid_from: datetime.date, required: Sequence[Table] = ()
) -> model.Definitions:
    """The model of a table and of those that it requires. A required one is named as its result, its code is its id."""
    results = {one.outputs[0].name for one in required}
    given = {
        column.name: column.type
        for one in (*required, table)
        for column in one.inputs
        if column.expression == column.name and column.name not in results
    }
    for one in (*required, table):
        given |= {name: "" for name in _read(one) if name not in given and name not in results}
    inputs = tuple(
        model.InputData(f"input_{number}", name, kind) for number, (name, kind) in enumerate(given.items(), 1)
    )
    ids = {one.name: one.id for one in inputs}
    decisions = [_decision(one, one.code, one.outputs[0].name, ids, one.title) for one in required]
    return model.Definitions(
        name=table.title,
        namespace=f"urn:qipan:decisions:{table.code}:{valid_from.isoformat()}",
        id=table.code.replace(".", "_"),
        inputs=inputs,
        decisions=(*decisions, _decision(table, "decision", table.title, ids)),
    )


def _read(table: Table) -> list[str]:
    """The names that the expressions of its columns read besides the columns themselves."""
    own = frozenset(one.name for one in table.inputs)
    return [
        name.partition(".")[0]
        for one in table.inputs
        if one.expression != one.name
        for name in unknown_names(parse_expression(one.expression, own), own)
    ]


def _decision(table: Table, id: str, name: str, inputs: dict[str, str], label: str = "") -> model.Decision:
    result = table.outputs[0].type if len(table.outputs) == 1 and table.hit_policy in "UAPF" else ""
    names = [*(one.name for one in table.inputs if one.expression == one.name), *_read(table)]
    needed = [inputs[one] for one in names if one in inputs]
    return model.Decision(
        id=id,
        name=name,
        type=result,
        box=model.DecisionTable(
            hit_policy=table.hit_policy,
            inputs=tuple(
                model.InputClause(one.expression, one.title, one.type, domain_text(one), one.name)
                for one in table.inputs
            ),
            outputs=tuple(
                model.OutputClause(
                    one.name,
                    one.title,
                    one.type,
                    ",".join(constant(value) for value in one.values),
                    one.default,
                )
                for one in table.outputs
            ),
            rules=tuple(
                model.RuleRow(one.when, one.then, (one.note, one.source, one.unconfirmed))
                for one in table.rules
            ),
            annotations=(NOTE, SOURCE, UNCONFIRMED),
            label=label,
        ),
        requires=(*dict.fromkeys(needed), *table.requires),
    )


def domain_text(column: Input) -> str:
    """The values that a column may have, as unary tests."""
    if column.domain is None:
        return ""
    if isinstance(column.domain, tuple):
        return ",".join(constant(value) for value in column.domain)
    return str(column.domain)


def constant(value: Any) -> str:
    """A value as FEEL writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
        return '"' + escaped.replace("\r", "\\r") + '"'
    return str(value)

"""The texts of the catalogues that applicants read: names, questions, fields, conditions, reasons; with where they stand."""

import re
from collections.abc import Iterator
from typing import Any

from qipan.domains.licensing.themes import queries as themes
from qipan.kernel.decisions.models import TableVersion
from qipan.kernel.documents.models import Template
from qipan.kernel.flow import registry
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.declaration import FormField
from qipan.kernel.forms.models import FormVersion
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import LicenceKind, MaterialType
from qipan.kernel.law import terms

CHINESE = re.compile("[\u3400-\u9fff]")
OF_AN_ITEM = (
    "name",
    "authority",
    "unconfirmed",
    "code_unconfirmed",
    "authority_unconfirmed",
    "limit_unconfirmed",
)


def names() -> dict[str, str]:
    """{text: where it stands}, each once."""
    found: dict[str, str] = {}
    for texts in (_themes(), _items(), _forms(), _others(), _tables(), _terms()):
        for where, text in texts:
            if isinstance(text, str) and CHINESE.search(text):
                found.setdefault(text, where)
    return found


def _field(where: str, field: FormField) -> Iterator[tuple[str, Any]]:
    yield from ((where, text) for text in (field.title, field.help, field.pattern_help))
    yield from ((where, option.title) for option in field.options or ())


def _themes() -> Iterator[tuple[str, Any]]:
    for theme in themes.themes():
        where = f"theme {theme.code}"
        yield from ((where, text) for text in (theme.title, theme.summary, theme.unconfirmed))
        for question in theme.questions:
            yield from _field(where, question)
        for part in theme.parts:
            yield from ((where, value) for value in part.given.values())


def _items() -> Iterator[tuple[str, Any]]:
    for item in items.items_for_public():
        where = f"item {item.code}"
        yield from ((where, getattr(item, name, "")) for name in OF_AN_ITEM)
        for condition in item.conditions:
            yield where, condition["text"]
            yield where, condition.get("unconfirmed", "")


def _forms() -> Iterator[tuple[str, Any]]:
    for version in FormVersion.objects.order_by("code", "-valid_from").distinct("code"):
        form = forms.form(version.code, version.valid_from)
        where = f"form {form.code}"
        yield where, form.title
        for section in form.sections:
            yield from ((where, text) for text in (section.title, section.help, section.row_title))
            for field in section.fields:
                yield from _field(where, field)


def _others() -> Iterator[tuple[str, Any]]:
    for material in MaterialType.objects.all():
        yield f"material {material.code}", material.title
        yield f"material {material.code}", material.supplied_by
    for kind in LicenceKind.objects.all():
        yield f"licence {kind.code}", kind.title
        yield from ((f"licence {kind.code}", face["title"]) for face in kind.faces)
    for template in Template.objects.all():
        yield f"template {template.code}", template.title


def _tables() -> Iterator[tuple[str, Any]]:
    for table in TableVersion.objects.order_by("code", "-valid_from").distinct("code"):
        where = f"table {table.code}"
        yield where, table.title
        yield from (
            (where, column.get("title")) for column in [*table.body["inputs"], *table.body["outputs"]]
        )
        for rule in table.body["rules"]:
            yield where, rule.get("note")
            yield where, rule.get("unconfirmed")


def _terms() -> Iterator[tuple[str, Any]]:
    flows = [flow for flow in registry.all_flows() if flow.code.startswith(("licensing.", "seals."))]
    running = {rule for flow in flows for state in flow.states for rule in state.clock_rules}
    for code in sorted({*running, "Licence42.joint"}):
        rule = terms.rule(code)
        yield f"rule {code}", rule.title
        yield f"rule {code}", rule.unconfirmed

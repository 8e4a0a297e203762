"""Templates from the catalogues."""

import datetime
from pathlib import Path

from django.apps import apps
from pydantic import Field

from qipan.kernel.documents.models import Template
from qipan.kernel.items.loading import refer
from qipan.kernel.law import catalogue
from qipan.kernel.law.catalogue import Report, keep_dated
from qipan.kernel.law.loading import Sourced
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused


class TemplateRow(Sourced):
    """One template; `file` is its Typst source beside the catalogue file, in `templates/`."""

    code: str = Field(pattern=r"^[a-z]+(\.[a-z0-9_]+)+$", max_length=60)
    valid_from: datetime.date
    title: str
    file: str = Field(pattern=r"^[a-z_]+\.typ$")
    fields: dict[str, str]
    number: str = ""
    sealed: bool = True
    public: list[str] = []


def _source(name: str) -> str:
    for config in apps.get_app_configs():
        path = Path(config.path) / "catalogue" / "templates" / name
        if config.name.startswith("qipan.") and path.exists():
            return path.read_text(encoding="utf-8")
    raise Refused(f"没有模板文件 {name}。", code="not_found")


def load_templates(rows: list[TemplateRow], actor: Actor) -> Report:
    """Keep the templates with their sources."""
    created = 0
    for row in rows:
        created += keep_dated(
            Template,
            row.code,
            row.valid_from,
            {
                "title": row.title,
                "body": _source(row.file),
                "fields": row.fields,
                "number_rule": row.number,
                "sealed": row.sealed,
                "public": row.public,
                "law": row.source,
                "unconfirmed": row.unconfirmed,
            },
        )
    return Report("templates", created, len(rows) - created)


def register() -> None:
    """Make the kind known, and which documents an item can name."""
    refer("outcomes", lambda codes: codes - set(Template.objects.values_list("code", flat=True)))
    catalogue.register("templates", TemplateRow, load_templates)

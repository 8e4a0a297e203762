"""Catalogues: the law as data. Each app ships YAML files; this module finds, checks and loads them all.

A file reads `kind: …` and `rows: […]`. A room registers what it can load with `register`; kinds are loaded in the order
of their `after`. Loading the same content again changes nothing; a row that exists with other content under the same
code and date is refused, for a released row never changes: a new one gets a new `valid_from`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from django.apps import apps
from django.db import models, transaction
from django.utils.translation import gettext as _
from pydantic import BaseModel, ValidationError

from qipan.kernel.law import dated
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused

#: The same language as the safe loader, read by the C library where it is built in.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Report:
    """What a load did."""

    kind: str
    created: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class Source:
    """Rows of one file, with where they come from."""

    path: Path
    kind: str
    rows: list[dict[str, Any]]


Loader = Callable[[list[Any], Actor], Report]


@dataclass(frozen=True)
class Kind:
    """What one kind of catalogue looks like and how it is loaded."""

    name: str
    schema: type[BaseModel]
    load: Loader
    after: tuple[str, ...] = field(default=())


_kinds: dict[str, Kind] = {}


def register(name: str, schema: type[BaseModel], load: Loader, *, after: tuple[str, ...] = ()) -> None:
    """Say how the files of a kind are checked (a row's schema) and loaded."""
    _kinds[name] = Kind(name, schema, load, after)


def files() -> Iterator[Source]:
    """Every catalogue file of the installed apps. Refuses one that cannot be read, naming it and the line."""
    for config in apps.get_app_configs():
        if not config.name.startswith("qipan."):
            continue
        for path in sorted((Path(config.path) / "catalogue").glob("**/*.yaml")):
            yield read(path)


def read(path: Path) -> Source:
    """One file. Refuses malformed YAML and a missing `kind` or `rows`."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506  (a safe loader, in C)
    except yaml.YAMLError as error:
        raise Refused(
            _("目录文件 %(file)s 不是有效的 YAML：%(error)s") % {"file": path.name, "error": error}
        ) from None
    if not isinstance(content, dict) or not isinstance(content.get("rows"), list) or "kind" not in content:
        raise Refused(_("目录文件 %(file)s 缺少 kind 或者 rows。") % {"file": path.name})
    return Source(path, str(content["kind"]), content["rows"])


def checked(source: Source) -> list[Any]:
    """The rows of a file, validated. Refuses the first wrong one, naming file, row and field."""
    kind = _kinds.get(source.kind)
    if kind is None:
        raise Refused(
            _("目录文件 %(file)s 的类型 %(kind)s 没有登记。")
            % {"file": source.path.name, "kind": source.kind}
        )
    rows = []
    for number, row in enumerate(source.rows, start=1):
        try:
            rows.append(kind.schema.model_validate(row))
        except ValidationError as error:
            first = error.errors()[0]
            raise Refused(
                _("目录文件 %(file)s 第 %(row)d 条（%(code)s）的 %(field)s 不对：%(why)s")
                % {
                    "file": source.path.name,
                    "row": number,
                    "code": row.get("code", "") if isinstance(row, dict) else "",
                    "field": ".".join(str(part) for part in first["loc"]) or "内容",
                    "why": first["msg"],
                }
            ) from None
    return rows


def in_order(names: set[str]) -> list[str]:
    """The kinds sorted so that each comes after those it needs."""
    done: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in done:
            return
        if name in path:
            raise ValueError(f"catalogue kinds need one another: {' → '.join((*path, name))}")
        for needed in _kinds[name].after:
            if needed in names:
                visit(needed, (*path, name))
        done.append(name)

    for name in sorted(names):
        visit(name, ())
    return done


def load_all(actor: Actor | None = None, *, without: frozenset[str] = frozenset()) -> list[Report]:
    """Check every file, then load all kinds but those `without` in one transaction; returns a report for each."""
    by_kind: dict[str, list[Any]] = {}
    for source in files():
        by_kind.setdefault(source.kind, []).extend(checked(source))
    reports = []
    with transaction.atomic():
        for name in in_order(set(by_kind) - without):
            reports.append(_kinds[name].load(by_kind[name], actor or Actor.system()))
    return reports


def keep_dated(
    model: type[models.Model], code: str, valid_from: Any, content: dict[str, Any], *, title: str = ""
) -> bool:
    """Insert an immutable dated row, or find it there with the same content.

    Returns True when it was inserted. Refuses other content under the same code and date.
    """
    manager = model._default_manager
    known = manager.filter(code=code, valid_from=valid_from).first()
    if known is None:
        manager.create(code=code, valid_from=valid_from, **content)
        dated.forget()
        return True
    changed = [name for name, value in content.items() if getattr(known, name) != value]
    if changed:
        raise Refused(
            _(
                "%(what)s %(code)s 自 %(date)s 起的版本已经发布，不能改动（%(fields)s）；请用新的生效日期另立一版。"
            )
            % {
                "what": title or model._meta.verbose_name,
                "code": code,
                "date": valid_from,
                "fields": "、".join(changed),
            },
            code="conflict",
        )
    return False

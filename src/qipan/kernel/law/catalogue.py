"""Catalogues: the law as data. Each app ships YAML files; this module finds, checks and loads them all.

A file reads `kind: …` and `rows: […]`. A room registers what it can load with `register`; kinds are loaded in the order
of their `after`. Loading the same content again changes nothing; a row that exists with other content under the same
code and date is refused, for a released row never changes: a new one gets a new `valid_from`.
What several rows share stands once, as a block (`kind: blocks`, see `blocks`).
"""

import datetime
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from django.apps import apps
from django.db import models, transaction
from django.utils.translation import gettext as _
from pydantic import BaseModel, ValidationError

from qipan.kernel.law import dated
from qipan.kernel.law.blocks import Blocks, UnknownBlock, expand
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused

#: The same language as the safe loader, read by the C library where it is built in.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

#: No row nests deeper.
DEEPEST = 40


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


def kind(name: str) -> Kind:
    """A registered kind. Raises KeyError."""
    return _kinds[name]


def day_of(value: Any) -> datetime.date:
    """A day that stands as a date or as its ISO text."""
    return value if isinstance(value, datetime.date) else datetime.date.fromisoformat(str(value))


def files() -> Iterator[Source]:
    """Every catalogue file of the installed apps. Refuses one that cannot be read, naming it and the line."""
    for config in apps.get_app_configs():
        if not config.name.startswith("qipan."):
            continue
        for path in sorted((Path(config.path) / "catalogue").glob("**/*.yaml")):
            yield read(path)


def read(path: Path) -> Source:
    """One file. Refuses one that is not there, malformed YAML, and a missing `kind` or `rows`."""
    if not path.is_file():
        raise Refused(_("找不到目录文件 %(file)s。") % {"file": path.name}, code="not_found")
    return _source(path, path.read_text(encoding="utf-8"))


def parse(text: str, *, name: str) -> Source:
    """The same for a text that was pasted or sent; `name` is what it is called in what is said of it."""
    harmless(text, name)
    return _source(Path(name), text)


def harmless(text: str, name: str) -> None:
    """Refuse YAML of strangers that a reader could choke on: references (few lines that unfold to millions), and nesting
    without end. What is no YAML at all is told by who reads it."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=LOADER):
            if isinstance(event, yaml.AliasEvent):
                raise Refused(_("%(file)s用了 YAML 引用（*），请把内容写全。") % {"file": name})
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise Refused(_("%(file)s嵌套超过 %(most)d 层。") % {"file": name, "most": DEEPEST})
    except yaml.YAMLError:
        return


def _source(path: Path, text: str) -> Source:
    try:
        content = yaml.load(text, Loader=LOADER)  # noqa: S506  (a safe loader, in C)
    except yaml.YAMLError as error:
        raise Refused(
            _("目录文件 %(file)s 不是有效的 YAML：%(error)s") % {"file": path.name, "error": error}
        ) from None
    if not isinstance(content, dict) or not isinstance(content.get("rows"), list) or "kind" not in content:
        raise Refused(_("目录文件 %(file)s 缺少 kind 或者 rows。") % {"file": path.name})
    return Source(path, str(content["kind"]), content["rows"])


BLOCKS = "blocks"


def blocks_of(sources: Iterable[Source]) -> dict[str, Any]:
    """The shared blocks of all files. Refuses a name that stands twice."""
    found: dict[str, Any] = {}
    for source in sources:
        for row in source.rows if source.kind == BLOCKS else ():
            if not isinstance(row, dict) or row.keys() != {"code", "content"} or row["code"] in found:
                raise Refused(
                    _("目录文件 %(file)s 的公用段 %(code)s 不对：要有 code 和 content，且不能重名。")
                    % {"file": source.path.name, "code": row.get("code", "") if isinstance(row, dict) else ""}
                )
            found[row["code"]] = row["content"]
    return found


def checked(source: Source, blocks: Blocks | None = None) -> list[Any]:
    """The rows of a file, validated. Refuses the first wrong one, naming file, row and field."""
    kind = _kinds.get(source.kind)
    if kind is None:
        raise Refused(
            _("目录文件 %(file)s 的类型 %(kind)s 没有登记。")
            % {"file": source.path.name, "kind": source.kind}
        )
    rows = []
    for number, row in enumerate(source.rows, start=1):
        where = {
            "file": source.path.name,
            "row": number,
            "code": row.get("code", "") if isinstance(row, dict) else "",
        }
        try:
            rows.append(kind.schema.model_validate(expand(row, blocks or {})))
        except UnknownBlock as error:
            raise Refused(
                _("目录文件 %(file)s 第 %(row)d 条（%(code)s）引用的公用段 %(block)s 不存在或者互相引用。")
                % {**where, "block": error}
            ) from None
        except ValidationError as error:
            first = first_of(error)
            raise Refused(
                _("目录文件 %(file)s 第 %(row)d 条（%(code)s）的 %(field)s 不对：%(why)s")
                % {
                    **where,
                    "field": ".".join(str(part) for part in first["loc"]) or _("内容"),
                    "why": in_words(first),
                }
            ) from None
    return rows


def first_of(error: ValidationError) -> Any:
    """The error to tell: a misspelt field before the one that is missing because of it."""
    return min(error.errors(), key=lambda one: one["type"] == "missing")


def in_words(error: Any) -> str:
    """What is wrong with a field of a row, in plain words; `error` is one of pydantic's."""
    kind, more = str(error["type"]), error.get("ctx") or {}
    if kind == "missing":
        return _("缺少这一项。")
    if kind == "extra_forbidden":
        return _("没有这一项，请核对拼写。")
    if kind in {"literal_error", "enum"}:
        return _("只能是 %(values)s。") % {"values": str(more.get("expected", "")).replace(" or ", ", ")}
    if kind == "string_pattern_mismatch":
        return _("“%(value)s”不合写法规则 %(rule)s。") % {
            "value": error["input"],
            "rule": more.get("pattern"),
        }
    if kind in {"string_too_long", "string_too_short"}:
        return _("“%(value)s”的长度不合要求。") % {"value": error["input"]}
    if kind.startswith("date"):
        return _("应当是日期，例如 2026-03-01。")
    if kind.startswith("int"):
        return _("应当是整数。")
    if kind.startswith("bool"):
        return _("应当是 true 或者 false。")
    if kind in {"string_type", "list_type", "dict_type", "model_type"}:
        return _("内容的种类不对。")
    return str(error["msg"]).removeprefix("Value error, ")


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
    sources = list(files())
    return _load(sources, blocks_of(sources), actor, without)


def load_files(paths: Iterable[Path], actor: Actor | None = None) -> list[Report]:
    """Load catalogue files that a bureau has of its own, all or none; they may use the blocks that the rooms ship."""
    own = [read(path) for path in paths]
    return _load(own, blocks_of([*files(), *own]), actor, frozenset())


def _load(
    sources: list[Source], blocks: Blocks, actor: Actor | None, without: frozenset[str]
) -> list[Report]:
    by_kind: dict[str, list[Any]] = {}
    for source in sources:
        if source.kind != BLOCKS:
            by_kind.setdefault(source.kind, []).extend(checked(source, blocks))
    reports = []
    with transaction.atomic():
        for name in in_order(set(by_kind) - without):
            reports.append(_kinds[name].load(by_kind[name], actor or Actor.system()))
    return reports


def load_rows(name: str, rows: list[Any], actor: Actor) -> Report:
    """Load checked rows of one kind, as from a file."""
    with transaction.atomic():
        return _kinds[name].load(rows, actor)


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
    _same(known, content, title)
    return False


def keep_all_dated(
    model: type[models.Model], rows: Iterable[tuple[str, datetime.date, dict[str, Any]]], *, title: str = ""
) -> int:
    """`keep_dated` for many rows with two statements; returns how many were inserted."""
    wanted = list(rows)
    manager = model._default_manager
    known = {
        (row.code, row.valid_from): row  # type: ignore[attr-defined]
        for row in manager.filter(code__in={code for code, _day, _content in wanted})
    }
    fresh: dict[tuple[str, datetime.date], models.Model] = {}
    for code, day, content in wanted:
        row = known.get((code, day)) or fresh.get((code, day))
        if row is None:
            fresh[code, day] = model(code=code, valid_from=day, **content)
        else:
            _same(row, content, title)
    if fresh:
        manager.bulk_create(fresh.values())
        dated.forget()
    return len(fresh)


def _same(known: Any, content: dict[str, Any], title: str) -> None:
    """Refuse other content for a released row."""
    changed = [name for name, value in content.items() if getattr(known, name) != value]
    if changed:
        raise Refused(
            _(
                "%(what)s %(code)s 自 %(date)s 起的版本已经发布，不能改动（%(fields)s）；请用新的生效日期另立一版。"
            )
            % {
                "what": title or known._meta.verbose_name,
                "code": known.code,
                "date": known.valid_from,
                "fields": "、".join(changed),
            },
            code="conflict",
        )

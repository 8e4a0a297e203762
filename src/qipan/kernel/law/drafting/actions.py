"""Rows from draft to release: begun, changed, laid on a newer version, tried, released by another person, put aside."""

import datetime
import hashlib
import json
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from pydantic import ValidationError

from qipan.conf.repeating import looks_again
from qipan.kernel.law import catalogue, events
from qipan.kernel.law.drafting import differences, kinds, queries
from qipan.kernel.law.drafting.kinds import Row
from qipan.kernel.law.drafting.models import Draft, Trial
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role

MOST_TRIED = 5000
LONGEST = 2_000_000


def digest_of(body: Row) -> str:
    """Names a body."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@looks_again
def begin(
    kind: str,
    code: str,
    valid_from: datetime.date,
    *,
    reader: Reader,
    body: Row | None = None,
    file_name: str = "",
    file_digest: str = "",
) -> Draft:
    """A draft of a row: a new version of the newest one before the day, or of `body`. Raises Refused.

    The same content under the same code and date again gives the draft that is there.
    """
    unit = _editing(reader)
    offered = kinds.draftable(kind)
    if body is not None:
        body = kinds.without_key(offered.short(checked(kind, code, valid_from, body)))
    _not_past(valid_from)
    if offered.model._default_manager.filter(code=code, valid_from=valid_from).exists():
        raise Refused(
            _("%(code)s 自 %(day)s 起的版本已经发布，请另选生效日期。") % {"code": code, "day": valid_from},
            field="valid_from",
        )
    before = queries.version_before(kind, code, valid_from)
    if body is None:
        if before is None:
            raise Refused(
                _("没有 %(code)s，请写明新的内容。") % {"code": code}, code="not_found", field="code"
            )
        body = offered.body(before)
    digest = digest_of(body)
    known = Draft.objects.open().filter(kind=kind, code=code, valid_from=valid_from).first()
    if known is not None:
        if known.digest == digest and known.org_path == unit:
            return known
        raise Refused(
            _("%(code)s 在 %(day)s 生效的一版已有草稿，请在那份草稿中修改，或者先撤回它。")
            % {"code": code, "day": valid_from},
            code="conflict",
            field="valid_from",
            details={"draft": known.pk},
        )
    draft = Draft.objects.create(
        kind=kind,
        code=code,
        valid_from=valid_from,
        title=_title(body, code),
        body=body,
        based_on=before.valid_from if before is not None else None,  # type: ignore[attr-defined]
        file_name=file_name[:200],
        file_digest=file_digest,
        digest=digest,
        org_path=unit,
        drafted_by=reader.user_id,
        editors=[reader.user_id],
        at=now(),
    )
    _told(events.DRAFTED, draft, reader, Role.CATALOGUE_EDITOR)
    return draft


@transaction.atomic
def begin_rows(text: str, *, reader: Reader, file_name: str = "") -> list[Draft]:
    """A draft for each row of a catalogue file that was pasted or sent; all or none. Raises Refused."""
    from qipan.kernel.law.drafting.exporting import rows_of

    _editing(reader)
    if len(text) > LONGEST:
        raise Refused(_("内容超过 2 MB，请分几次提交。"), field="text")
    try:
        rows = rows_of(text)
    except Refused as problem:
        raise Refused(problem.message, code=problem.code, field="text", details=problem.details) from None
    return [
        begin(
            kind,
            row["code"],
            catalogue.day_of(row["valid_from"]),
            reader=reader,
            body=kinds.without_key(row),
            file_name=file_name,
        )
        for kind, row in rows
    ]


def _editing(reader: Reader) -> str:
    """The unit for which the reader edits catalogues. Raises Refused."""
    paths = sorted(reader.paths(Role.CATALOGUE_EDITOR), key=len)
    if reader.kind != "staff" or not paths:
        raise Refused(_("只有事项与规则编辑可以起草。"), code="forbidden")
    return paths[0]


def _not_past(day: datetime.date) -> None:
    if day < today():
        raise Refused(_("生效日期已过，规则不能溯及既往；请选择今天或者以后的日期。"), field="valid_from")


def checked(kind: str, code: str, valid_from: datetime.date, body: Row) -> Any:
    """The row as the loader of its kind reads it. Raises Refused, with the place under details["place"]."""
    _fits(kinds.draftable(kind).model, {**body, "code": code})
    try:
        return kinds.draftable(kind).read(code, valid_from, body)
    except ValidationError as error:
        first = catalogue.first_of(error)
        place = [str(part) for part in first["loc"]]
        if place[:1] == ["code"]:
            raise Refused(
                _("代码不对：%(why)s") % {"why": catalogue.in_words(first)},
                field="code",
                details={"place": place},
            ) from None
        raise Refused(
            _("“%(field)s”不对：%(why)s")
            % {"field": ".".join(place) or _("内容"), "why": catalogue.in_words(first)},
            field="text",
            details={"place": place},
        ) from None


def _fits(model: type[models.Model], row: Row) -> None:
    """Refuse a code, title or name that is longer than its register keeps; a code stands in that of drafts too."""
    for name, registers in (("code", (model, Draft)), ("title", (model,)), ("name", (model,))):
        columns = [column for one in registers for column in one._meta.fields if column.name == name]
        limits = [column.max_length for column in columns if column.max_length]
        if limits and len(str(row.get(name) or "")) > min(limits):
            raise Refused(
                _("“%(field)s”最长 %(most)d 个字。") % {"field": name, "most": min(limits)},
                field="code" if name == "code" else "text",
                details={"place": [name]},
            )


def _title(body: Row, code: str) -> str:
    return str(body.get("title") or body.get("name") or code)[:120]


def _told(event: Any, draft: Draft, reader: Reader, role: Role, reason: str = "", **more: Any) -> None:
    append(
        event,
        draft,
        reader.actor(role, draft.org_path),
        key=draft.code,
        data={
            "kind": draft.kind,
            "row": draft.code,
            "version": draft.valid_from.isoformat(),
            "digest": draft.digest,
        }
        | more,
        reason=reason,
    )


@looks_again
def change(
    draft_id: int,
    body: Row,
    *,
    reader: Reader,
    revision: int | None = None,
    act: str = "",
    valid_from: datetime.date | None = None,
) -> Draft:
    """Give a draft another content (and day). `revision` is the one that the editor saw: older is refused.

    Refuses a content that its kind does not read; what only keeps it from release is told by `queries.problems`.
    """
    draft = _taken(draft_id, reader, Role.CATALOGUE_EDITOR)
    if revision is not None and revision != draft.revision:
        raise Refused(
            _("这份草稿刚被别人改过。下面是最新的内容，请核对后再改；您填写的没有保存。"), code="stale"
        )
    day = valid_from or draft.valid_from
    if day != draft.valid_from:
        _not_past(day)
        taken = Draft.objects.open().filter(kind=draft.kind, code=draft.code, valid_from=day)
        released = queries.version(draft.kind, draft.code, day)
        if taken.exists() or released is not None:
            raise Refused(_("这一天已有别的草稿或者版本，请另选日期。"), field="valid_from")
    row = checked(draft.kind, draft.code, day, body)
    body = kinds.without_key(kinds.draftable(draft.kind).short(row))
    digest = digest_of(body)
    if digest == draft.digest and day == draft.valid_from:
        return draft
    draft.body, draft.digest, draft.title, draft.valid_from = body, digest, _title(body, draft.code), day
    _saved(draft, reader, events.CHANGED, act=act)
    return draft


def _saved(draft: Draft, reader: Reader, event: Any, **more: Any) -> None:
    draft.revision += 1
    if reader.user_id not in draft.editors:
        draft.editors = [*draft.editors, reader.user_id]
    draft.save()
    _told(event, draft, reader, Role.CATALOGUE_EDITOR, **more)


@transaction.atomic
def rebase(draft_id: int, *, reader: Reader) -> tuple[Draft, list[str]]:
    """Lay the draft's changes on the newest version before its day; returns the places where both changed the same.

    There the draft's own words stay. Refuses where the result is not a row any more.
    """
    draft = _taken(draft_id, reader, Role.CATALOGUE_EDITOR)
    newest = queries.version_before(draft.kind, draft.code, draft.valid_from)
    if newest is None or newest.valid_from == draft.based_on:  # type: ignore[attr-defined]
        return draft, []
    offered = kinds.draftable(draft.kind)
    base = queries.version(draft.kind, draft.code, draft.based_on) if draft.based_on else None
    result = differences.merged(
        offered.body(base) if base is not None else {}, draft.body, offered.body(newest)
    )
    row = checked(draft.kind, draft.code, draft.valid_from, result.row)
    draft.body = kinds.without_key(offered.short(row))
    draft.digest, draft.based_on = digest_of(draft.body), newest.valid_from  # type: ignore[attr-defined]
    _saved(draft, reader, events.REBASED)
    return draft, result.conflicts


@transaction.atomic
def ask_trial(draft_id: int, *, reader: Reader, most: int = 500) -> Trial:
    """Try the draft on the newest `most` records, in the background; by whoever edits or releases. Raises Refused."""
    from qipan.kernel.law.drafting.jobs import run_trial

    draft = _seen(draft_id, reader)
    role = next(
        (one for one in (Role.CATALOGUE_EDITOR, Role.CATALOGUE_RELEASER) if reader.may(one, draft.org_path)),
        None,
    )
    if role is None:
        raise Refused(_("您没有试算这份草稿的权限。"), code="forbidden")
    if kinds.runner(draft.kind) is None:
        raise Refused(_("这一类目录没有可以试算的记录。"), code="state")
    if not 1 <= most <= MOST_TRIED:
        raise Refused(_("一次试算 1 至 %(most)d 件。") % {"most": MOST_TRIED}, field="most")
    running = queries.trial_of(draft)
    if running is not None and running.ended_at is None:
        return running
    trial = Trial.objects.create(
        draft=draft,
        org_path=draft.org_path,
        digest=draft.digest,
        valid_from=draft.valid_from,
        most=most,
        asked_by=reader.user_id,
        at=now(),
    )
    _told(events.TRIED, draft, reader, role, most=most)
    run_trial.defer(key=f"trial:{trial.pk}", trial_id=trial.pk)
    return trial


@transaction.atomic
def release(draft_id: int, *, reader: Reader) -> models.Model:
    """Release a draft as a dated row, by the loader of its kind, by one who had no hand in it. Raises Refused.

    What is released holds in the whole city, whoever drafted it: only the city's own releasers may.
    """
    draft = _taken(draft_id, reader, Role.CATALOGUE_RELEASER)
    if not queries.may_release(reader):
        raise Refused(_("目录在全市生效，由市局的发布人员发布。"), code="forbidden")
    if reader.user_id in draft.editors:
        raise Refused(_("起草人不能发布自己的草稿，请由另一人发布。"), code="forbidden")
    _not_past(draft.valid_from)
    row = checked(draft.kind, draft.code, draft.valid_from, draft.body)
    found = queries.problems(draft)
    if found:
        raise Refused(found[0].text, details={"problems": found})
    newest = queries.version_before(draft.kind, draft.code, draft.valid_from)
    if newest is not None and newest.valid_from != draft.based_on:  # type: ignore[attr-defined]
        raise Refused(
            _("这份草稿依据的版本已经不是最新的（自 %(day)s 起又有新版），请先以新版为底重新核对。")
            % {"day": newest.valid_from},  # type: ignore[attr-defined]
            code="stale",
        )
    trial = queries.trial_of(draft)
    if kinds.runner(draft.kind) is not None and (trial is None or trial.ended_at is None or trial.problem):
        raise Refused(_("这份草稿还没有按现在的内容试算过，请先试算，看过结果再发布。"), code="state")
    catalogue.load_rows(draft.kind, [row], reader.actor(Role.CATALOGUE_RELEASER, draft.org_path))
    draft.state, draft.closed_by, draft.closed_at = Draft.State.RELEASED, reader.user_id, now()
    draft.save(update_fields=["state", "closed_by", "closed_at"])
    _told(events.RELEASED, draft, reader, Role.CATALOGUE_RELEASER, trial=trial.pk if trial else None)
    return queries.version(draft.kind, draft.code, draft.valid_from)  # type: ignore[return-value]


@transaction.atomic
def withdraw(draft_id: int, *, reader: Reader, reason: str) -> Draft:
    """Put a draft aside. Raises Refused."""
    draft = _taken(draft_id, reader, Role.CATALOGUE_EDITOR)
    if not reason.strip():
        raise Refused(_("请写明撤回的理由。"), field="reason")
    draft.state, draft.closed_by, draft.closed_at = Draft.State.WITHDRAWN, reader.user_id, now()
    draft.save(update_fields=["state", "closed_by", "closed_at"])
    _told(events.WITHDRAWN, draft, reader, Role.CATALOGUE_EDITOR, reason=reason.strip())
    return draft


def _seen(draft_id: int, reader: Reader) -> Draft:
    """The open draft, locked, where the reader sees it. Raises Refused."""
    draft = Draft.objects.visible_to(reader).select_for_update().filter(pk=draft_id).first()
    if draft is None:
        raise Refused(_("没有这份草稿，或者您不能查看它。"), code="not_found")
    if draft.state != Draft.State.OPEN:
        raise Refused(_("这份草稿已经发布或者撤回。"), code="state")
    return draft  # type: ignore[no-any-return]


def _taken(draft_id: int, reader: Reader, role: Role) -> Draft:
    """The same for someone with the role. Raises Refused."""
    draft = _seen(draft_id, reader)
    if not reader.may(role, draft.org_path):
        raise Refused(_("您没有这一步的权限（%(role)s）。") % {"role": role.label}, code="forbidden")
    return draft

"""Tables from draft to release: an editor drafts from a DMN file, a second person releases."""

import datetime
import hashlib
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from pydantic import ValidationError

from qipan.kernel.decisions import events, requirements
from qipan.kernel.decisions.dmn.importing import ImportProblems, imported
from qipan.kernel.decisions.loading import TableRow, dependents_stand
from qipan.kernel.decisions.models import TableDraft, TableVersion
from qipan.kernel.decisions.tables import Table
from qipan.kernel.law.catalogue import keep_dated
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role


@transaction.atomic
def draft_from_dmn(
    content: bytes,
    *,
    code: str,
    valid_from: datetime.date,
    reader: Reader,
    file_name: str = "",
    decision: str = "",
) -> TableDraft:
    """A draft from a DMN file, for a second person to release. `decision` names one of several tables in the file.

    Refuses, with all problems under details["problems"] (row, column, cell, why): broken XML, external entities,
    unknown hit policies, cells that are no FEEL, name nothing or have another type, gaps and overlaps. The same file
    under the same code and date again gives the draft that is there.
    """
    unit = _editing(reader)
    digest = hashlib.sha256(content).hexdigest()
    known = TableDraft.objects.open().filter(code=code, valid_from=valid_from, digest=digest).first()
    if known is not None:
        return known
    try:
        body = imported(content, code=code, decision=decision, file_name=file_name)
    except ImportProblems as error:
        raise Refused(
            _("文件有 %(count)d 处问题，没有导入：%(text)s") % {"count": len(error.problems), "text": error},
            field="file",
            details={"problems": [vars(one) | {"text": str(one)} for one in error.problems]},
        ) from None
    _validated(body, valid_from)
    draft = TableDraft.objects.create(
        code=code,
        valid_from=valid_from,
        title=body["title"][:120],
        body=body,
        file_name=file_name[:200],
        digest=digest,
        org_path=unit,
        drafted_by=reader.user_id,
        at=now(),
    )
    append(
        events.DRAFTED,
        draft,
        reader.actor(Role.CATALOGUE_EDITOR),
        data={"table": code, "version": valid_from.isoformat(), "digest": digest},
    )
    return draft


def _editing(reader: Reader) -> str:
    """The unit for which the reader edits tables. Raises Refused."""
    paths = sorted(reader.paths(Role.CATALOGUE_EDITOR), key=len)
    if reader.kind != "staff" or not paths:
        raise Refused(_("只有事项与规则编辑可以导入决策表。"), code="forbidden")
    return paths[0]


def _validated(body: dict[str, Any], valid_from: datetime.date) -> TableRow:
    """The row as a catalogue would have it. Raises Refused."""
    try:
        return TableRow.model_validate({**body, "valid_from": valid_from})
    except ValidationError as error:
        first = error.errors()[0]
        if first["loc"][:1] == ("code",):
            text = _("代码“%(code)s”不合规则：小写英文，以点分段，例如 licensing.food_renew。")
            raise Refused(text % {"code": body["code"]}, field="code") from None
        raise Refused(
            _("决策表的“%(place)s”有误：%(text)s")
            % {"place": ".".join(str(part) for part in first["loc"]), "text": first["msg"]}
        ) from None


@transaction.atomic
def release(draft_id: int, *, reader: Reader) -> TableVersion:
    """Release a draft as a dated version, by another person than the one who drafted it. Raises Refused."""
    draft = _taken(draft_id, reader, Role.CATALOGUE_RELEASER)
    if draft.drafted_by == reader.user_id:
        raise Refused(_("起草人不能发布自己的决策表，请由另一人发布。"), code="forbidden")
    if draft.valid_from < today():
        raise Refused(_("生效日期已过，规则不能溯及既往；请用新的日期重新导入。"), field="valid_from")
    row = _validated(draft.body, draft.valid_from)
    find = requirements.finder(row.valid_from)
    body = requirements.completed(row.body(), find)
    found = requirements.problems(Table.from_body(body), find)
    if found:
        raise Refused(found[0].text, details={"findings": found})
    keep_dated(TableVersion, row.code, row.valid_from, {"title": draft.title, "body": body})
    draft.released = TableVersion.objects.get(code=row.code, valid_from=row.valid_from)
    dependents_stand(draft.released)
    draft.closed_by, draft.closed_at = reader.user_id, now()
    draft.save(update_fields=["released", "closed_by", "closed_at"])
    append(
        events.RELEASED,
        draft,
        reader.actor(Role.CATALOGUE_RELEASER),
        data={"table": row.code, "version": row.valid_from.isoformat(), "digest": draft.digest},
    )
    return draft.released


@transaction.atomic
def withdraw(draft_id: int, *, reader: Reader, reason: str) -> TableDraft:
    """Put a draft aside. Raises Refused."""
    draft = _taken(draft_id, reader, Role.CATALOGUE_EDITOR)
    if not reason.strip():
        raise Refused(_("请写明撤回的理由。"), field="reason")
    draft.closed_by, draft.closed_at = reader.user_id, now()
    draft.save(update_fields=["closed_by", "closed_at"])
    append(
        events.WITHDRAWN,
        draft,
        reader.actor(Role.CATALOGUE_EDITOR),
        data={"table": draft.code, "version": draft.valid_from.isoformat(), "digest": draft.digest},
        reason=reason.strip(),
    )
    return draft


def _taken(draft_id: int, reader: Reader, role: Role) -> TableDraft:
    """The draft, locked, for someone with the role. Raises Refused."""
    draft = TableDraft.objects.visible_to(reader).select_for_update().filter(pk=draft_id).first()
    if draft is None:
        raise Refused(_("没有这份草稿，或者您不能查看它。"), code="not_found")
    if not reader.may(role, draft.org_path):
        raise Refused(_("您没有这一步的权限（%(role)s）。") % {"role": role.label}, code="forbidden")
    if draft.closed_at is not None:
        raise Refused(_("这份草稿已经发布或者撤回。"), code="state")
    return draft

"""What screens read of drafts, of the versions that they start from, and of what they came to."""

import datetime
from typing import Any

from django.db import models
from pydantic import ValidationError

from qipan.kernel.law import catalogue
from qipan.kernel.law.drafting import kinds
from qipan.kernel.law.drafting.differences import Change, changes
from qipan.kernel.law.drafting.kinds import Problem, Row
from qipan.kernel.law.drafting.models import Draft, Trial
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role


def may_release(reader: Reader) -> bool:
    """Whether the reader releases catalogues: they hold in the whole city, so a district's releasers do not."""
    return reader.may(Role.CATALOGUE_RELEASER, orgs.root().path)


def drafts(reader: Reader, *names: str) -> models.QuerySet[Draft]:
    """The open drafts (of some kinds) that the reader may edit or release, newest first."""
    rows = Draft.objects.visible_to(reader).open()
    return (rows.filter(kind__in=names) if names else rows).order_by("-at")  # type: ignore[no-any-return]


def draft(pk: int, reader: Reader) -> Draft | None:
    """A draft of the reader's units, open or closed."""
    return Draft.objects.visible_to(reader).filter(pk=pk).first()  # type: ignore[no-any-return]


def versions(kind: str, code: str) -> list[Any]:
    """The versions of a row, newest first, those to come included."""
    return list(kinds.draftable(kind).model._default_manager.filter(code=code).order_by("-valid_from"))


def version(kind: str, code: str, day: datetime.date) -> Any | None:
    """The version that begins on a day."""
    return kinds.draftable(kind).model._default_manager.filter(code=code, valid_from=day).first()


def version_before(kind: str, code: str, day: datetime.date) -> Any | None:
    """The version that one from a day would follow."""
    rows = kinds.draftable(kind).model._default_manager.filter(code=code, valid_from__lt=day)
    return rows.order_by("-valid_from").first()


def version_after(kind: str, code: str, day: datetime.date) -> Any | None:
    """The released version that would follow one from a day."""
    rows = kinds.draftable(kind).model._default_manager.filter(code=code, valid_from__gt=day)
    return rows.order_by("valid_from").first()


def in_force(kind: str, on: datetime.date | None = None) -> list[Any]:
    """Every row of a kind in the version of a day, by code; the law is public, so that every official reads it."""
    rows = kinds.draftable(kind).model._default_manager.filter(valid_from__lte=on or today())
    return list(rows.order_by("code", "-valid_from").distinct("code"))


def to_come(kind: str) -> list[Any]:
    """Released versions that do not hold yet, soonest first."""
    rows = kinds.draftable(kind).model._default_manager.filter(valid_from__gt=today())
    return list(rows.order_by("valid_from", "code"))


def problems(draft: Draft) -> list[Problem]:
    """What keeps the draft from release, each with its places; empty when nothing does."""
    return problems_of(draft.kind, draft.code, draft.valid_from, draft.body)


def problems_of(kind: str, code: str, valid_from: datetime.date, body: Row) -> list[Problem]:
    """The same for a body that is not kept yet."""
    offered = kinds.draftable(kind)
    try:
        row = offered.read(code, valid_from, body)
    except ValidationError as error:
        first = catalogue.first_of(error)
        place = ".".join(str(part) for part in first["loc"])
        return [Problem(f"{place} {catalogue.in_words(first)}".strip(), (), "wrong")]
    return offered.problems(row)


def changes_of(draft: Draft) -> list[Change]:
    """The draft beside the version that it would follow; of a new code, all of it."""
    before = version_before(draft.kind, draft.code, draft.valid_from)
    return between(draft.kind, draft.body, kinds.draftable(draft.kind).body(before) if before else None)


def changes_meanwhile(draft: Draft) -> list[Change]:
    """What was released between the version that the draft is based on and the one that it would follow."""
    before = version_before(draft.kind, draft.code, draft.valid_from)
    if before is None or before.valid_from == draft.based_on:
        return []
    offered = kinds.draftable(draft.kind)
    base = version(draft.kind, draft.code, draft.based_on) if draft.based_on else None
    return between(draft.kind, offered.body(before), offered.body(base) if base else None)


def between(kind: str, new: Row, old: Row | None) -> list[Change]:
    """The differences of two bodies of a kind."""
    parts = kinds.draftable(kind).parts
    return changes(parts(new, old), parts(old, None) if old is not None else [])


def trial_of(draft: Draft) -> Trial | None:
    """The newest trial of the draft's present content from its present day."""
    rows = Trial.objects.filter(draft=draft, digest=draft.digest, valid_from=draft.valid_from)
    return rows.order_by("-at", "-pk").first()

"""What a decision enters in the registers: a grant that begins, changes, goes on or ends, or a fact of the subject."""

import datetime
import re
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from qipan.domains.licensing import events, registering
from qipan.domains.licensing.locking import item_of
from qipan.domains.licensing.models import Application, Kind
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import LicenceKind
from qipan.kernel.law import terms
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects import codes
from qipan.kernel.subjects import queries as registry
from qipan.kernel.subjects.models import Grant, GrantState

FOOD = ("main_format", "items", "marks", "diners")
#: What of a change is written on the certificate, by the field of the form that says it.
CHANGED = {"new_scope": "scope", "new_place": "place", "new_person": "person"}


def kind_of(row: Application) -> LicenceKind:
    """The kind of licence that the item is about. Refuses an item that is about none."""
    item = item_of(row)
    kind = items.licence_kind(item.licence) if item.licence else None
    if kind is None:
        raise Refused(_("事项 %(code)s 没有写明证照种类。") % {"code": item.code}, code="state")
    return kind


def _content(row: Application) -> dict[str, Any]:
    subject = row.case.subject
    assert subject is not None
    faces = [face["field"] for face in kind_of(row).faces]
    values = row.values
    return {
        **{key: values[key] for key in (*FOOD, *faces) if key in values},
        **{kept: row.answers[field] for field, kept in CHANGED.items() if row.answers.get(field)},
        "name": subject.name,
        "domicile": subject.domicile,
    }


def _new(row: Application, actor: Actor) -> Grant:
    subject, place, kind = row.case.subject, row.premises, kind_of(row)
    assert subject is not None
    if kind.code == "JY":
        _end_filing(row, actor)
    district = orgs.district_of(row.case.org_path)
    area = district.licence_area_code or (place.division_code if place else "") or "440300"
    return subjects.register_grant(
        number=take_number(kind, area, row.values),
        kind=kind.code,
        title=kind.title,
        subject=subject,
        premises=place,
        org_path=row.case.org_path,
        item_code=row.item_code,
        data=_content(row),
        valid_from=today(),
        valid_to=last_day(kind, today()),
        issuer=district.path,
        actor=actor,
    )


def take_number(kind: LicenceKind, area: str, answers: dict[str, Any]) -> str:
    """The next number of a kind of licence; its series stays locked until the deciding transaction ends."""
    if kind.code in {"JY", "YB", "SC"}:
        first = {"SC": str(answers.get("category", "101")), "JY": str(answers.get("main_format", "1"))}
        return subjects.take_licence_number(kind.code, first.get(kind.code, "1"), area)
    year = str(today().year) if "{year}" in kind.number_rule else ""
    sequence = subjects.take_sequence(f"{kind.code}{area}{year}")
    number = kind.number_rule.format(area=area, year=year, sequence=sequence, check="", **_plain(answers))
    check = codes.mod_11_10(re.sub(r"\D", "", number)) if "{check}" in kind.number_rule else ""
    return number + check


def _plain(answers: dict[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in answers.items() if key not in {"area", "year", "check"}}


def _end_filing(row: Application, actor: Actor) -> None:
    """A filing lapses when a licence is obtained for the same place (FBL23, unconfirmed)."""
    subject = row.case.subject
    assert subject is not None
    for filed in registry.grants_of(subject).filter(kind="YB", state=GrantState.VALID, premises=row.premises):
        subjects.set_grant_state(filed, GrantState.CANCELLED, actor, str(_("取得食品经营许可，备案失效")))
        append(events.LAPSED, row.case, actor, data={"number": filed.number})


def last_day(kind: LicenceKind, start: datetime.date) -> datetime.date | None:
    """The last day of a licence that begins on a day: the day before the same date some years on; None without end."""
    # The food licence's term is a rule of law in the catalogue (FSLR 15), which a bureau may release anew.
    years = terms.rule("FSLR15.validity").value if kind.code == "JY" else kind.years
    if not years:
        return None
    try:
        same = start.replace(year=start.year + years)
    except ValueError:
        same = datetime.date(start.year + years, 3, 1)
    return same - datetime.timedelta(days=1)


def _renewed(row: Application, actor: Actor) -> Grant:
    assert row.grant is not None
    kind, start = kind_of(row), today()
    if kind.renewed_from_end and row.grant.valid_to is not None:
        start = row.grant.valid_to + datetime.timedelta(days=1)
    changes = {
        "data": _content(row),
        "decided_on": today(),
        # What runs already goes on without a gap (LicProc 27).
        "valid_from": min(start, today()) if kind.renewed_from_end else start,
        "valid_to": last_day(kind, start),
    }
    return subjects.change_grant(row.grant, changes, actor, str(_("准予延续")))


def _changed(row: Application, actor: Actor) -> Grant:
    assert row.grant is not None
    data = _content(row)
    if row.answers.get("new_items"):
        data["items"] = row.answers["new_items"]
    return subjects.change_grant(row.grant, {"data": data, "decided_on": today()}, actor, str(_("准予变更")))


def _reissued(row: Application, actor: Actor) -> Grant:
    assert row.grant is not None
    return row.grant


def _to(state: GrantState, why: str) -> Callable[[Application, Actor], Grant]:
    def move(row: Application, actor: Actor) -> Grant:
        assert row.grant is not None
        return subjects.set_grant_state(row.grant, state, actor, why)

    return move


def _answered(row: Application, actor: Actor) -> None:
    """A service, a receipt or a decision that no register of grants keeps."""


Granting = Callable[[Application, Actor], Grant | None]
GRANTING: dict[Kind, Granting] = {
    Kind.NEW: _new,
    Kind.FILING: _new,
    Kind.RENEW: _renewed,
    Kind.CHANGE: _changed,
    Kind.FILING_CHANGE: _changed,
    Kind.REISSUE: _reissued,
    Kind.CANCEL: _to(GrantState.CANCELLED, str(_("申请注销"))),
    Kind.FILING_CANCEL: _to(GrantState.CANCELLED, str(_("申请注销"))),
    Kind.SUSPEND: _to(GrantState.SUSPENDED, str(_("办理停用"))),
    Kind.RESTORE: _to(GrantState.VALID, str(_("办理启用"))),
    Kind.ANSWER: _answered,
    Kind.REGISTER: registering.registered,
    Kind.ALTER: registering.altered,
    Kind.STATUS: registering.moved,
    Kind.UNLIST: registering.unlisted,
}

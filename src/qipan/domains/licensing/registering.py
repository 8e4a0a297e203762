"""Registration of businesses: a subject comes into being, changes, pauses or ends; its licence is what it holds of it."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from qipan.domains.licensing.facts import name_of
from qipan.domains.licensing.locking import item_of
from qipan.domains.licensing.models import Application
from qipan.kernel.accounts.models import User
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import chinese_date, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects import codes
from qipan.kernel.subjects import queries as registry
from qipan.kernel.subjects.models import Grant, Status, Subject

LICENCE = "YYZZ"
#: The first two characters of a code (GB 32100-2015): registered by the market regulator; enterprise, individual, co-op.
CODE_KINDS = {"INDIVIDUAL": "92", "FARMER_COOP": "93"}
COUNTY = "440300"


def registered(row: Application, actor: Actor) -> Grant:
    """A new subject with its code and its business licence (Reg 21); whoever applied acts for it from now on."""
    answers, item = row.answers, item_of(row)
    district = orgs.district_of(row.case.org_path)
    area = district.division_code or COUNTY
    serial = f"MA{subjects.take_sequence(f'USCC{area}'):06d}"
    subject = subjects.register_subject(
        name=str(answers["new_name"]),
        type=item.target,
        org_path=row.case.org_path,
        actor=actor,
        uuid=row.case.uuid,
        identifiers={"USCC": codes.make_uscc(CODE_KINDS.get(item.target, "91"), area, serial)},
        legal_rep=row.manager,
        domicile=str(answers["new_domicile"]),
        business_scope=str(answers["business_scope"]),
        established_on=today(),
        capital=Decimal(str(answers["capital"])) if answers.get("capital") else None,
        approved_on=today(),
    )
    subjects.represent(User.objects.get(pk=row.case.opened_by), subject, actor)
    row.case.subject = subject
    row.case.title = f"{subject.name} {item.name}"
    row.case.save(update_fields=["subject", "title"])
    return _licence(row, subject, actor)


def altered(row: Application, actor: Actor) -> Grant:
    """Registered facts of the subject change, and its licence with them (Reg 24, 28)."""
    subject = _subject(row)
    wanted = {
        "name": row.answers.get("new_name"),
        "domicile": row.answers.get("new_domicile"),
        "business_scope": row.answers.get("new_business_scope"),
        "capital": Decimal(str(row.answers["new_capital"])) if row.answers.get("new_capital") else None,
    }
    changes = {key: value for key, value in wanted.items() if value is not None and value != ""}
    subject = subjects.change_subject(subject, changes, actor, str(_("准予变更登记")))
    row.case.subject = subject
    return _licence(row, subject, actor)


def _subject(row: Application) -> Subject:
    subject = row.case.subject
    if subject is None:
        raise Refused(_("请先选择要办理的主体。"), field="subject")
    return subject


def _licence(row: Application, subject: Subject, actor: Actor) -> Grant:
    """The business licence in the register of grants, as the subject now is; its number is the subject's code."""
    number = registry.uscc_of(subject)
    data = _faces(subject)
    held = Grant.objects.filter(number=number).first()
    if held is not None:
        return subjects.change_grant(held, {"data": data, "decided_on": today()}, actor, row.case.title)
    kind = items.licence_kind(LICENCE)
    return subjects.register_grant(
        number=number,
        kind=LICENCE,
        title=kind.title if kind else "",
        subject=subject,
        org_path=subject.org_path,
        item_code=row.item_code,
        data=data,
        valid_from=subject.established_on or today(),
        issuer=orgs.district_of(subject.org_path).path,
        actor=actor,
    )


def _faces(subject: Subject) -> dict[str, Any]:
    """What a business licence says (Reg 22)."""
    founded = subject.established_on
    return {
        "name": subject.name,
        "type": str(subject.get_type_display()),
        "rep": name_of(subject.legal_rep),
        "capital": f"{subject.capital.normalize():f}" if subject.capital is not None else "",
        "established": chinese_date(founded) if founded else "",
        "domicile": subject.domicile,
        "business_scope": subject.business_scope,
    }


def moved(row: Application, actor: Actor) -> None:
    """The subject's status changes: paused, in business again, being cancelled, cancelled (Reg 30, 31, 33)."""
    subject = _subject(row)
    row.case.subject = subjects.change_status(subject, Status(item_of(row).target), actor, row.case.title)


def unlisted(row: Application, actor: Actor) -> None:
    """The marks that the item is about are taken off (Abn 10; SVL 17)."""
    for mark in subjects.in_force_marks(_subject(row)).filter(kind=item_of(row).target):
        subjects.end_mark(mark, actor, row.case.title)

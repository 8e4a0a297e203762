"""Restaurants whose licence can be renewed by rule: made through the same actions as everything else."""

import datetime
import secrets
from dataclasses import dataclass

from django.db import transaction


@dataclass(frozen=True)
class Candidate:
    """One renewal that waits to be asked for."""

    subject: int
    grant: int
    number: str
    token: str


def prepare(count: int) -> list[Candidate]:
    """So many restaurants with a licence that ends in 60 days, each with an owner and a token."""
    from qipan.kernel.documents import seals
    from qipan.kernel.documents.models import Seal
    from qipan.kernel.ledger.actor import Actor
    from qipan.kernel.orgs.models import Level, Unit

    offices = list(
        Unit.objects.filter(level=Level.OFFICE).exclude(licence_area_code="").select_related("parent")
    )
    if not offices:
        offices = list(Unit.objects.filter(level=Level.OFFICE).select_related("parent"))
    for district in {office.parent for office in offices}:
        if district and not Seal.objects.filter(unit_path=district.path, state="ACTIVE").exists():
            seals.create_seal(district, Actor.system())
    return [_one(offices[place % len(offices)]) for place in range(count)]


@transaction.atomic
def _one(office: object) -> Candidate:
    from qipan.kernel.accounts.actions import create_person, issue_token
    from qipan.kernel.accounts.models import User, UserKind
    from qipan.kernel.ledger.actor import Actor
    from qipan.kernel.ledger.clock import now, today
    from qipan.kernel.subjects import actions, codes
    from qipan.ui.interface.scopes import SCOPES

    system = Actor.system()
    serial = secrets.token_hex(4)
    path = office.path  # type: ignore[attr-defined]
    area = office.division_code or "440304"  # type: ignore[attr-defined]
    subject = actions.register_subject(
        name=f"深圳市性能测试餐饮店{serial}",
        type="INDIVIDUAL",
        org_path=path,
        identifiers={"USCC": codes.make_uscc("92", area, f"M{secrets.randbelow(10**7):07d}")},
        legal_rep=create_person(name="王小明", phone="13800138000", actor=system),
        domicile=f"深圳市性能测试路{serial}号",
        business_scope="餐饮服务；食品销售",
        industry="6210",
        established_on=datetime.date(2018, 5, 4),
        actor=system,
        credit_class="A",
        risk_grade="B",
        is_demo=True,
    )
    place = actions.add_premises(
        subject,
        address=subject.domicile,
        org_path=path,
        division_code=area,
        street="园岭街道",
        longitude="114.093000",
        latitude="22.552000",
        area_m2=86,
        actor=system,
    )
    until = today() + datetime.timedelta(days=60)
    grant = actions.register_grant(
        number=actions.take_licence_number("JY", "2", area),
        kind="JY",
        title="食品经营许可证",
        subject=subject,
        premises=place,
        org_path=path,
        item_code="FB-NEW",
        data={"main_format": "2", "items": ["HOT"], "marks": []},
        valid_from=until - datetime.timedelta(days=1826),
        valid_to=until,
        issuer="/".join(path.split("/")[:2]) + "/",
        actor=system,
    )
    owner = User(username=f"bench-{serial}", kind=UserKind.BUSINESS, label="性能测试", is_demo=True)
    owner.set_unusable_password()
    owner.save()
    actions.represent(owner, subject, system)
    _row, token = issue_token(
        owner, "性能测试", SCOPES, expires_at=now() + datetime.timedelta(days=1), actor=system
    )
    return Candidate(subject.pk, grant.pk, grant.number, token)

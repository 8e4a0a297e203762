"""Subjects, places and licences for tests, with codes whose check signs hold."""

import datetime
import itertools
from typing import Any

from qipan.kernel.accounts.actions import create_person
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.subjects import actions, codes
from qipan.kernel.subjects.models import Grant, Premises, Subject, SubjectType
from tests.orgs.factories import BusinessUserFactory

SYSTEM = Actor.system()
_serials = itertools.count(1)


def SubjectFactory(
    name: str = "",
    *,
    org_path: str = "SZ/FT/FT01/",
    type: str = SubjectType.INDIVIDUAL,
    rep: str = "王小明",
    **facts: Any,
) -> Subject:
    """A restaurant with a valid credit code and a person in charge."""
    number = next(_serials)
    person = create_person(name=rep, phone="13800138000", actor=SYSTEM) if rep else None
    return actions.register_subject(
        name=name or f"深圳市福田区粤味小馆{number}号店",
        type=type,
        org_path=org_path,
        identifiers={"USCC": codes.make_uscc("92", "440304", f"MA5{number:05d}")},
        legal_rep=person,
        domicile=f"深圳市福田区园岭街道红荔路{number}号",
        business_scope=facts.pop("business_scope", "餐饮服务；食品销售"),
        industry="6210",
        established_on=datetime.date(2018, 5, 4),
        actor=SYSTEM,
        credit_class=facts.pop("credit_class", "A"),
        risk_grade=facts.pop("risk_grade", "B"),
        **facts,
    )


def PremisesFactory(subject: Subject, **facts: Any) -> Premises:
    """The place of a subject."""
    return actions.add_premises(
        subject,
        address=facts.pop("address", subject.domicile),
        org_path=facts.pop("org_path", subject.org_path),
        division_code="440304",
        street="园岭街道",
        longitude="114.093000",
        latitude="22.552000",
        area_m2=facts.pop("area_m2", 86),
        actor=SYSTEM,
        **facts,
    )


def GrantFactory(
    subject: Subject, *, ends_in: int = 60, premises: Premises | None = None, **facts: Any
) -> Grant:
    """A catering licence that ends in so many days."""
    until = today() + datetime.timedelta(days=ends_in)
    place = premises or PremisesFactory(subject)
    return actions.register_grant(
        number=actions.take_licence_number("JY", "2", "440304"),
        kind="JY",
        title="食品经营许可证",
        subject=subject,
        premises=place,
        org_path=place.org_path,
        item_code="FB-NEW",
        data=facts.pop("data", {"main_format": "2", "items": ["HOT"], "marks": []}),
        valid_from=until.replace(year=until.year - 5)
        if (until.month, until.day) != (2, 29)
        else until - datetime.timedelta(days=1826),
        valid_to=until,
        issuer="SZ/FT/",
        actor=SYSTEM,
        **facts,
    )


def owner_of(subject: Subject) -> Any:
    """A business user who acts for the subject."""
    user = BusinessUserFactory()
    actions.represent(user, subject, SYSTEM)
    return user

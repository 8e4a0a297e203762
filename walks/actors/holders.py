"""Businesses that hold what an item is about, made by the same actions as everything else, and one person who acts for all."""

import datetime
import secrets
from typing import Any

from django.db import transaction

from benchmarks.automatic import Walk, walks
from qipan.cli.session import Refusal
from qipan.kernel.accounts.actions import create_person
from qipan.kernel.accounts.models import User, UserKind
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.subjects import actions, codes
from qipan.kernel.subjects.models import Grant, Premises, Status, Subject, SubjectType

PLACE = "深圳市福田区园岭街道红荔路"
STREET = "园岭街道"
FOLLOWING = {
    "CHANGE",
    "RENEW",
    "REISSUE",
    "CANCEL",
    "FILING_CANCEL",
    "FILING_CHANGE",
    "SUSPEND",
    "RESTORE",
}


def owner(password: str) -> User:
    """A person with an account of their own, who acts for nobody yet."""
    name = f"walker-{secrets.token_hex(4)}"
    user = User(username=name, kind=UserKind.BUSINESS, label="行走", is_demo=True)
    user.set_password(password)
    user.save()
    return user


def circumstances(code: str) -> Walk:
    """What an item's own rules ask for: who applies, what is held, what is answered."""
    return next((walk for walk in walks() if walk.item == code), Walk(code))


def business(
    user: User, name: str, *, type: str = SubjectType.INDIVIDUAL, business_scope: str = "餐饮服务；食品销售"
) -> tuple[Subject, Premises]:
    """A business in good order for which the person acts, and its place."""
    unit = orgs.office_for(f"{PLACE}1号", street=STREET)
    if unit is None:
        raise Refusal("示范城市里没有园岭街道的监管所。")
    system, serial = Actor.system(), secrets.randbelow(10**7)
    kind = "92" if type == SubjectType.INDIVIDUAL else "91"
    subject = actions.register_subject(
        name=f"深圳市行走{serial:07d}{name}",
        type=type,
        org_path=unit.path,
        identifiers={"USCC": codes.make_uscc(kind, unit.division_code, f"W{serial:07d}")},
        legal_rep=create_person(name="王小明", phone="13800138000", actor=system),
        domicile=f"{PLACE}{serial % 900 + 1}号",
        business_scope=business_scope,
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
        org_path=unit.path,
        division_code=unit.division_code,
        street=STREET,
        longitude="114.093000",
        latitude="22.552000",
        area_m2=86,
        actor=system,
    )
    actions.represent(user, subject, system)
    return subject, place


@transaction.atomic
def holder(user: User, item: Item) -> tuple[Subject | None, Grant | None]:
    """Whom an item can be applied for by this person: nobody yet, a business, or a business with what it holds."""
    if item.handling == "REGISTER":
        return None, None
    about = circumstances(item.code)
    facts = {name: value for name, value in about.subject.items() if name in {"type", "business_scope"}}
    subject, place = business(user, item.code, **facts)
    for kind in about.holds:
        grant(kind, "", subject, place)
    if item.handling == "STATUS" and item.target == "ACTIVE":
        actions.change_status(subject, Status.SUSPENDED, Actor.system(), "歇业")
    if item.handling not in FOLLOWING:
        return subject, None
    origin = about.grant[1] if about.grant else item.code
    return subject, grant(item.licence, origin, subject, place, category=item.target)


def grant(code: str, origin: str, subject: Subject, place: Premises, *, category: str = "") -> Grant:
    """What the business holds of a kind, in force and inside its time of renewal."""
    kind = items.licence_kind(code)
    if kind is None:
        raise Refusal(f"没有名为 {code} 的证照种类。")
    until = today() + datetime.timedelta(days=60)
    data: dict[str, Any] = {"category": category} if category else {}
    if code == "JY":
        data = {"main_format": "2", "items": ["HOT"], "marks": []}
    return actions.register_grant(
        number=actions.take_licence_number("JY", "2", place.division_code)
        if code == "JY"
        else f"{code}{secrets.token_hex(6).upper()}",
        kind=code,
        title=kind.title,
        subject=subject,
        premises=place,
        org_path=place.org_path,
        item_code=origin,
        data=data,
        valid_from=until - datetime.timedelta(days=365 * (kind.years or 5)),
        valid_to=until if kind.years else None,
        issuer="/".join(place.org_path.split("/")[:2]) + "/",
        actor=Actor.system(),
    )

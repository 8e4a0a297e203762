"""Applicants of the 54 automatic items, made and sent on their way: by the pages or by the actions."""

import datetime
import zoneinfo
from dataclasses import dataclass
from typing import Any

from django.test import Client

from benchmarks.automatic import FACES, Answers, Walk, walks
from qipan.domains.licensing import actions
from qipan.domains.licensing.models import Application
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.forms import queries as forms
from qipan.kernel.items import queries as items
from qipan.kernel.ledger import clock
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.models import Grant, Premises, Subject
from tests.licensing.city import CONTACT, SYSTEM, City
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import picture
from tests.orgs.factories import BusinessUserFactory, reader_for
from tests.subjects.factories import PremisesFactory, SubjectFactory, owner_of

__all__ = ["ZONE", "Applied", "Walk", "applied", "held", "prepare", "tomorrow", "walked", "walks"]
ZONE = zoneinfo.ZoneInfo("Asia/Shanghai")


def tomorrow() -> Any:
    """The clock at the hour of the nightly job."""
    day = today() + datetime.timedelta(days=1)
    return clock.at(datetime.datetime.combine(day, datetime.time(1, 20), ZONE))


@dataclass
class Applied:
    """What a walk is done with."""

    walk: Walk
    user: Any
    reader: Reader
    subject: Subject | None
    grant: Grant | None
    answers: Answers


def prepare(walk: Walk, *, spoil: bool = False) -> Applied:
    """The applicant and what it holds; with `spoil` the circumstance that sends it to a person."""
    other = walk.spoiled if spoil else {}
    answers = {**CONTACT, **walk.answers, **other.get("answers", {})}
    if walk.item == "BI-NEW":
        user = BusinessUserFactory()
        reader = reader_for(user)
        return Applied(walk, user, reader, None, None, _filled(walk.item, answers, reader))
    facts = {**walk.subject, **other.get("subject", {})}
    status = facts.pop("status", "")
    subject = SubjectFactory(f"深圳市{walk.item.replace('-', '')}有限公司", **facts)
    if status:
        subject = subjects.change_status(subject, status, SYSTEM, "歇业备案")
    user = owner_of(subject)
    place = PremisesFactory(subject)
    for kind in other.get("holds", walk.holds):
        held(subject, kind, place=place)
    if "mark" in other:
        subjects.add_mark(subject, other["mark"], SYSTEM, ground="受到较重行政处罚")
    grant = None
    if walk.grant is not None:
        kind, origin = walk.grant
        grant = held(
            subject,
            kind,
            origin=other.get("origin", origin),
            days=walk.days,
            place=place,
            **other.get("data", {}),
        )
    reader = reader_for(user)
    return Applied(walk, user, reader, subject, grant, _filled(walk.item, answers, reader))


def held(
    subject: Subject,
    kind: str,
    *,
    origin: str = "",
    days: int | None = None,
    place: Premises | None = None,
    **data: Any,
) -> Grant:
    """A grant in force."""
    known = items.licence_kind(kind)
    assert known is not None
    return subjects.register_grant(
        number=subjects.take_licence_number("JY", "2", "440304")
        if kind == "JY"
        else f"测{kind}{Grant.objects.count():05d}",
        kind=kind,
        title=known.title,
        subject=subject,
        premises=place,
        org_path=subject.org_path,
        item_code=origin,
        data={**FACES, **data},
        valid_from=today() - datetime.timedelta(days=900),
        valid_to=today() + datetime.timedelta(days=days) if days else None,
        issuer="SZ/FT/",
        actor=SYSTEM,
    )


def _filled(item: str, answers: Answers, reader: Reader) -> Answers:
    """The answers with the uploads that the item asks for."""
    about = items.item(item)
    assert about is not None
    return answers | {
        one.code: [str(evidence.store(picture(), actor=reader.actor(), kind="material", name="图.png").uuid)]
        for one in forms.asked(about).fields
        if one.kind == "file" and one.required
    }


def applied(city: City, made: Applied) -> Application:
    """Handed in by the actions, without pages or documents."""
    row = city.drafted(made.walk.item, made.subject, made.grant, made.reader, **made.answers)
    actions.submit(row, made.reader, key=str(row.pk))
    return Application.objects.select_related("case").get(pk=row.pk)


def walked(client: Client, made: Applied) -> str:
    """Handed in over HTTP: the item's page, its start, its form; gives the address of the case."""
    code = made.walk.item
    page = client.get(f"/apply/{code}/")
    choice = made.grant.pk if made.grant else made.subject.pk if made.subject else 0
    started = client.post(f"/apply/{code}/", {"choice": str(choice), "uuid": str(page.context["uuid"])})
    assert started.status_code == 302, started.content.decode()[-2000:]
    form = client.get(started["Location"])
    sent = {"act": "submit", "key": form.context["key"], **made.answers}
    done = client.post(started["Location"], sent)
    assert done.status_code == 302, (code, done.context["errors"], done.context["general"])
    return str(done["Location"])

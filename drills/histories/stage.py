"""The records that the workers fight over, and what the database holds of them afterwards."""

import datetime
import uuid
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any

from django.apps import apps
from django.db.models import Count, Model

from drills.histories.checking import Evidence, Row
from qipan.kernel.flow.models import Case, NumberSeries, WorkOrder
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.models import Event
from qipan.kernel.subjects import searching
from qipan.kernel.subjects.models import Grant, LicenceSeries, Subject

SPACE = uuid.UUID("5d5e4c5a-1a8b-4c1e-9f53-0c1d7a7f3b10")
CASES = "DRILL-"
LICENCES = "JY3440304"


@dataclass(frozen=True)
class Plan:
    """Whom the workers act as, and on which records; `period` seconds until the next cases and orders come up."""

    path: str
    owner: int
    receivers: list[int]
    reviewers: list[int]
    inspectors: list[int]
    deciders: list[int]
    signers: list[int]
    head: int
    subjects: list[int]
    grants: list[int]
    started: float
    period: float
    cases: int = 3
    orders: int = 3

    def as_json(self) -> dict[str, Any]:
        """For the worker's command line."""
        return asdict(self)


def set_up(started: float, period: float) -> Plan:
    """An office with its people, three businesses and three hot licences; through the same actions as everything."""
    from django.db import transaction

    from qipan.kernel.orgs.roles import Role
    from qipan.kernel.subjects import actions as subjects
    from tests.flow import terms_of_law
    from tests.flow.people import Desk
    from tests.orgs.factories import StaffFactory
    from tests.subjects.factories import SubjectFactory

    terms_of_law.load()
    desk = Desk()
    office, district = desk.tree.offices[0], desk.tree.districts[0]
    businesses = [SubjectFactory(org_path=desk.path, rep="") for _number in range(3)]
    grants = []
    for subject in businesses:
        with transaction.atomic():
            grants.append(licence(subject, {}, Actor.system(desk.path), subjects).pk)
    return Plan(
        path=desk.path,
        owner=desk.owner.pk,
        receivers=[desk.receiver.user_id, desk.second_receiver.user_id],
        reviewers=[desk.reviewer.user_id, StaffFactory(Role.LIC_REVIEWER, office).user_id],
        inspectors=[one.user_id for one in desk.inspectors],
        deciders=[desk.decider.user_id, StaffFactory(Role.LIC_DECIDER, district).user_id],
        signers=[desk.receiver.user_id, desk.reviewer.user_id],
        head=desk.head.user_id,
        subjects=[subject.pk for subject in businesses],
        grants=grants,
        started=started,
        period=period,
    )


def licence(subject: Subject, data: dict[str, Any], actor: Actor, subjects: Any) -> Grant:
    """A new licence with the next number of the district, in the transaction of the caller."""
    number = subjects.take_licence_number("JY", "3", "440304")
    made: Grant = subjects.register_grant(
        number=number,
        kind="JY",
        title="食品经营许可证",
        subject=subject,
        org_path=subject.org_path,
        actor=actor,
        data=data,
        valid_from=datetime.date(2026, 1, 5),
    )
    return made


def of_case(row: Any) -> Row:
    """What is compared of a version of a case."""
    return {"version": row.version, "state": row.state}


def of_order(row: Any) -> Row:
    """What is compared of a version of a work order."""
    return {"version": row.version, "state": row.state, "holder": row.assignee_id, "org": row.org_path}


def of_grant(row: Any) -> Row:
    """What is compared of a version of a licence."""
    return {"version": row.version, "state": row.state, "marks": sorted(row.data)}


def of_subject(row: Any) -> Row:
    """What is compared of a version of a business."""
    return {"version": row.version, "domicile": row.domicile}


LOOKS: dict[str, tuple[type[Model], Any]] = {
    "case": (Case, of_case),
    "order": (WorkOrder, of_order),
    "grant": (Grant, of_grant),
    "subject": (Subject, of_subject),
}


def _rows(kind: str) -> dict[str, list[Row]]:
    """Every version of every record of a kind: its history, then the row as it stands."""
    model, look = LOOKS[kind]
    history = apps.get_model(model._meta.app_label, f"{model.__name__}Event")
    found: dict[str, list[Row]] = defaultdict(list)
    written_over: dict[str, Any] = {}
    for row in history.objects.order_by("pgh_id").iterator():
        record = f"{kind}:{row.pgh_obj_id}"
        # What the trigger keeps is the state that a change ended; the same moment twice is the same transaction.
        inner = written_over.get(record) == row.pgh_created_at
        written_over[record] = row.pgh_created_at
        found[record].append({**look(row), "inner": inner})
    for row in model._default_manager.order_by("pk").iterator():
        found[f"{kind}:{row.pk}"].append({**look(row), "inner": False})
    return found


def _events() -> dict[str, list[Row]]:
    kinds = {model._meta.label_lower: kind for kind, (model, _look) in LOOKS.items()}
    found: dict[str, list[Row]] = defaultdict(list)
    for event in Event.objects.filter(record_kind__in=kinds).order_by("id").iterator():
        record = f"{kinds[event.record_kind]}:{event.record_id}"
        version = event.data.get("version") if "transition" in event.data else None
        people = event.data.get("people") if event.name == "flow.order.claimed" else None
        found[record].append({"label": event.reason, "version": version, "people": people})
    return found


def evidence() -> Evidence:
    """All that the database holds of the records."""
    found = Evidence(events=_events())
    for kind in LOOKS:
        found.rows.update(_rows(kind))
    for number in Case.objects.filter(number__startswith=CASES).values_list("number", flat=True):
        found.numbers.setdefault(CASES, []).append(int(number.removeprefix(CASES)))
    for number in Grant.objects.filter(number__startswith=LICENCES).values_list("number", flat=True):
        found.numbers.setdefault(LICENCES, []).append(int(number[9:15]))
    found.last = {
        CASES: NumberSeries.objects.filter(code=CASES).values_list("last", flat=True).first() or 0,
        LICENCES: LicenceSeries.objects.filter(series=LICENCES).values_list("last", flat=True).first() or 0,
    }
    for model in (Case, WorkOrder, Subject):
        for made, count in model._default_manager.values_list("uuid").annotate(Count("pk")):
            found.effects[str(made)] = count
    for subject in Subject.objects.all():
        wanted = {"business": searching.pieces(subject.name)}
        wanted |= {number: searching.code_pieces(number) for number in _values(subject.grants, "number")}
        wanted |= {address: searching.pieces(address) for address in _values(subject.premises, "address")}
        wanted[subject.domicile] = searching.pieces(subject.domicile)
        lacking = [name for name, pieces in wanted.items() if not pieces <= set(subject.grams)]
        found.missing[f"subject:{subject.pk}"] = lacking
    return found


def _values(related: Any, field: str) -> list[str]:
    return list(related.values_list(field, flat=True))

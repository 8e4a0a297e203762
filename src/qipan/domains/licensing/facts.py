"""What the rules are asked about: facts of the registers and the declaration, never an opinion.

`at` is the moment for which they are told: what came after it (a case, a mark, an inspection's result) does not count,
while everything is read as the registers know it now. What the application itself brought into being is never held
against it.
"""

import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db.models import BigIntegerField, Count, DateTimeField, Q
from django.utils import timezone

from qipan.conf.composed import Composed, Hole
from qipan.domains.licensing.asking import form_of
from qipan.domains.licensing.models import Application, Kind, ThemePart
from qipan.kernel.accounts.models import Person
from qipan.kernel.documents import queries as documents
from qipan.kernel.documents.models import Document, DocumentState
from qipan.kernel.flow import registry
from qipan.kernel.flow.models import Case
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item
from qipan.kernel.law import calendar
from qipan.kernel.ledger.clock import now
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.subjects import queries as subjects
from qipan.kernel.subjects.models import Grant, Subject

#: Items of business that the handbook counts as high risk (DOMAIN 3.5, a proposal).
HIGH_RISK_ITEMS = {"RAW", "COLD", "CAKE", "SEMI"}
HIGH_RISK_MARKS = {"CENTRAL_KITCHEN", "COLLECTIVE", "SCHOOL"}
#: The business licence says who somebody is, not what it may do.
IDENTITY = "YYZZ"
#: Answers longer than this are prose, which no rule reads.
LONGEST = 300
#: The dates of forms from which a term of the law runs.
SINCE = ("happened_on", "resolved_on")
CONCLUSIONS = {"符合": "CONFORM", "基本符合": "BASIC", "不符合": "NONCONFORM"}
VERIFIED, ON_RECORD, BROKEN = "验证通过", "仅有登记", "验证不符"


def facts_of(application: Application, at: datetime.datetime | None = None) -> dict[str, Any]:
    """Every fact that a table of licensing may ask for."""
    moment = at or now()
    day = timezone.localtime(moment).date()
    known = _said(application, day)
    subject = application.case.subject
    if application.kind == Kind.REGISTER or subject is None:
        return known | _founding_facts(application)
    item = items.item(application.item_code)
    known |= subjects.facts(subject, application.premises, day)
    known |= {
        "business_scope": subject.business_scope,
        "established_year": subject.established_on.year if subject.established_on else None,
        "other_open_cases": _other_open(application, moment),
        "last_conclusion": _last_conclusion(subject, day),
        "place_in_city": _place_in_city(application),
        "marked": _marked(subject, item, day),
    }
    if item is not None and item.target == "SUSPENDED":
        known |= {"suspended_days": subjects.suspended_days(subject, day), "filed_on": day}
    known |= _held_facts(application, item)
    return known | _grant_facts(application, day) | _change_facts(application)


def _said(application: Application, day: datetime.date) -> dict[str, Any]:
    """What the applicant says and declares; what the form does not ask for nobody has declared, and is not known."""
    answers = application.answers
    kinds = {field.code: field.kind for field in form_of(application).fields}
    declared = {
        name: answers.get(name) is True for name in ("truthful", "no_investigation") if name in kinds
    }
    since = next((date for name in SINCE if (date := _date(answers.get(name)))), None)
    year = answers.get("year")
    return declared | {
        "answers": {
            key: Decimal(str(value)) if kinds.get(key) == "number" and value not in (None, "") else value
            for key, value in answers.items()
            if len(str(value)) <= LONGEST
        },
        "unchanged": answers.get("unchanged") is True,
        "prepackaged_only": answers.get("prepackaged_only") is True,
        "settled": answers.get("settled") is True,
        "cause": answers.get("cause"),
        "days_since": (day - since).days if since else None,
        "workdays_since": calendar.current().working_days_between(since, day) if since else None,
        "report_age": day.year - int(year) if year is not None else None,
        "reported_before": _reported_before(application),
    }


def _date(value: Any) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(str(value))
    except ValueError:
        return None


def _reported_before(application: Application) -> bool:
    """Whether the same year was reported already by the same item."""
    year = application.answers.get("year")
    if year is None or application.case.subject_id is None:
        return False
    rows = Application.objects.filter(
        case__subject_id=application.case.subject_id,
        item_code=application.item_code,
        answers__year=year,
        decided_at__isnull=False,
        case__state__in=["GRANTED", "ISSUED"],
    )
    earlier = Q(decided_at__lt=application.decided_at) if application.decided_at else Q()
    return rows.exclude(pk=application.pk).filter(earlier).exists()


def _held_facts(application: Application, item: Item | None) -> dict[str, Any]:
    """What the subject holds, without what the application is about and what it brought."""
    held = _others(application)
    here = [grant for grant in held if _here(application, grant)]
    return {
        "held_kinds": sorted({grant.kind for grant in held}),
        "held_formats": sorted(
            {str(grant.data.get("main_format", "")) for grant in held if grant.kind == "JY"}
        ),
        "other_licences": sum(grant.kind != IDENTITY for grant in held),
        "holds_licence": any(grant.kind == "JY" for grant in here),
        "holds_same": any(item is not None and grant.kind == item.licence for grant in here),
    }


_VALID = Composed(
    lambda hole: Grant.objects.filter(subject_id=hole("subject", BigIntegerField()), state="VALID").order_by(
        "-valid_from", "-pk"
    )
)


def _others(application: Application) -> list[Grant]:
    own = {application.grant_id, application.result_grant_id}
    return [grant for grant in _VALID.all(subject=application.case.subject_id) if grant.pk not in own]


def _here(application: Application, grant: Grant) -> bool:
    """Whether a grant is for the place in question, where there is one."""
    return application.premises_id is None or grant.premises_id == application.premises_id


def _grant_facts(application: Application, day: datetime.date) -> dict[str, Any]:
    grant, subject = application.grant, application.case.subject
    if grant is None or subject is None:
        return {}
    left = calendar.current().working_days_between(day, grant.valid_to) if grant.valid_to else None
    held = set(grant.data.get("items", ()))
    return {
        "grant_kind": grant.kind,
        "grant_item": grant.item_code,
        "grant_state": grant.state_on(day),
        "workdays_to_expiry": left,
        "fields_equal": _equal(grant.data.get("name"), subject.name)
        and _equal(grant.data.get("domicile"), subject.domicile),
        "high_risk": bool(held & HIGH_RISK_ITEMS) or bool(set(grant.data.get("marks", ())) & HIGH_RISK_MARKS),
        "elicence": _elicence(grant),
    }


def _equal(held: Any, registered: str) -> bool:
    """A licence that carries no copy of a fact cannot differ from the registry in it."""
    return held in (None, "", registered)


_FILE = Composed(lambda hole: Document.objects.filter(pk=hole("document", BigIntegerField())))


def _elicence(grant: Grant) -> str:
    """Whether the file of the licence is the one that was sealed: its seal holds, and it was not made void."""
    row = _FILE.first(document=grant.document_id) if grant.document_id else None
    if row is None:
        return ON_RECORD
    sound = row.state == DocumentState.ISSUED and documents.is_as_sealed(row)
    return VERIFIED if sound else BROKEN


def _change_facts(application: Application) -> dict[str, Any]:
    kinds = set(application.answers.get("change_kinds", ()))
    if not kinds or application.grant is None:
        return {}
    wanted = set(application.answers.get("new_items", ()))
    held = set(application.grant.data.get("items", ()))
    reduced = "REDUCE" not in kinds or (bool(wanted) and wanted < held)
    return {"change_simple": kinds <= {"NAME", "REP", "REDUCE"} and reduced, "change_registered": True}


def _other_open(application: Application, moment: datetime.datetime) -> int:
    """Cases in hand at the moment about the same object; a check that is only planned is not held against anybody."""
    theme = _THEME.first(application=application.pk)
    asked = _rivals(registry.generation(), bool(application.premises_id), theme is not None)
    found = asked.first(
        subject=application.case.subject_id,
        moment=moment,
        this=application.case_id or 0,
        premises=application.premises_id,
        theme=theme,
    )
    return int(found or 0)


_THEME = Composed(
    lambda hole: ThemePart.objects.filter(application_id=hole("application", BigIntegerField())).values_list(
        "theme_id", flat=True
    )
)


@lru_cache(16)
def _rivals(_generation: int, of_place: bool, in_theme: bool) -> Composed:
    moment, theme = Hole("moment", DateTimeField()), Hole("theme", BigIntegerField())
    rows = Case.objects.filter(subject_id=Hole("subject", BigIntegerField()), private=False)
    rows = rows.filter(Q(closed_at__isnull=True) | Q(closed_at__gt=moment), opened_at__lte=moment)
    rows = rows.exclude(pk=Hole("this", BigIntegerField())).exclude(registry.unannounced())
    if in_theme:  # the one thing itself and its other items are no rivals of this one
        rows = rows.exclude(pk=theme).exclude(application__theme_part__theme_id=theme)
    if of_place:
        rows = rows.filter(premises_id=Hole("premises", BigIntegerField()))
    counted = rows.order_by().values("private").annotate(count=Count("pk")).values_list("count", flat=True)
    return Composed(lambda _hole: counted)


def _last_conclusion(subject: Subject, day: datetime.date) -> str:
    """What the last inspection came to whose result was published by the day."""
    from qipan.kernel.publication.queries import public_of

    found = public_of(subject, kind="inspection.result", limit=10)
    last = next((one for one in found if one.published_on <= day), None)
    return CONCLUSIONS.get(str(last.value("conclusion")), "NONCONFORM") if last else "NONE"


def _place_in_city(application: Application) -> bool:
    """Whether an office of the city is in charge of the address: of the place applied for, or of the subject's."""
    answers = application.answers
    if answers.get("premises"):
        return orgs.office_for(str(answers["premises"]), street=str(answers.get("street", ""))) is not None
    place = application.premises or application.case.subject
    return bool(place is not None and place.org_path)


def _founding_facts(application: Application) -> dict[str, Any]:
    """What can be known of a business that is yet to be registered."""
    answers = application.answers
    name = str(answers.get("new_name", "")).strip()
    others = Subject.objects.filter(name=name).exclude(uuid=application.case.uuid)
    place = orgs.office_for(str(answers.get("new_domicile", "")), street=str(answers.get("street", "")))
    return {
        "business_scope": str(answers.get("business_scope", "")),
        "name_free": bool(name) and not others.exists(),
        "place_found": place is not None,
        "nothing_to_approve": answers.get("before") is True,
    }


def _marked(subject: Subject, item: Item | None, day: datetime.date) -> bool:
    """Whether the subject has the mark that the item takes off."""
    if item is None or not item.target:
        return False
    return item.target in subjects.mark_kinds(subject.pk, day)


def name_of(person: Person | None) -> str:
    """A person's name in clear, for a document that must carry it."""
    return person.clear(["name"])["name"] if person and not person.forgotten_at else ""

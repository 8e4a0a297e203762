"""What the rules are asked about: facts of the registry and the declaration, never an opinion."""

from typing import Any

from qipan.domains.licensing.models import Application
from qipan.kernel.accounts.models import Person
from qipan.kernel.flow import registry
from qipan.kernel.flow.models import Case
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item
from qipan.kernel.law import calendar
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.subjects import queries as subjects
from qipan.kernel.subjects.actions import in_force_marks
from qipan.kernel.subjects.models import Subject

#: Items of business that the handbook counts as high risk (DOMAIN 3.5, a proposal).
HIGH_RISK_ITEMS = {"RAW", "COLD", "CAKE", "SEMI"}
HIGH_RISK_MARKS = {"CENTRAL_KITCHEN", "COLLECTIVE", "SCHOOL"}
FOOD_WORDS = ("食品", "餐饮", "饮品", "食用")


def facts_of(application: Application) -> dict[str, Any]:
    """Every fact that a table of licensing may ask for."""
    subject = application.case.subject
    if subject is None:
        return _founding_facts(application)
    known = subjects.facts(subject, application.premises)
    known |= {
        "scope_fits": any(word in subject.business_scope for word in FOOD_WORDS),
        "unchanged": application.answers.get("unchanged") is True,
        "prepackaged_only": application.answers.get("prepackaged_only") is True,
        "other_open_cases": _other_open(application),
        "last_conclusion": _last_conclusion(application),
        "holds_licence": _holds_licence(application),
    }
    item = items.item(application.item_code)
    if item is not None and item.flow != "licensing.application":
        known |= {
            "holds_same": _holds_same(application, item),
            "truthful": application.answers.get("truthful") is True,
            "settled": application.answers.get("settled") is True,
            "marked": _marked(application, item),
        }
    return known | _grant_facts(application) | _change_facts(application)


def _grant_facts(application: Application) -> dict[str, Any]:
    grant, subject = application.grant, application.case.subject
    if grant is None or subject is None:
        return {}
    left = None
    if grant.valid_to:
        left = calendar.current().working_days_between(today(), grant.valid_to)
    held = set(grant.data.get("items", ()))
    return {
        "grant_state": grant.state_now,
        "workdays_to_expiry": left,
        "fields_equal": _equal(grant.data.get("name"), subject.name)
        and _equal(grant.data.get("domicile"), subject.domicile),
        "high_risk": bool(held & HIGH_RISK_ITEMS) or bool(set(grant.data.get("marks", ())) & HIGH_RISK_MARKS),
    }


def _equal(held: Any, registered: str) -> bool:
    """A licence that carries no copy of a fact cannot differ from the registry in it."""
    return held in (None, "", registered)


def _change_facts(application: Application) -> dict[str, Any]:
    kinds = set(application.answers.get("change_kinds", ()))
    if not kinds or application.grant is None:
        return {}
    wanted = set(application.answers.get("new_items", ()))
    held = set(application.grant.data.get("items", ()))
    reduced = "REDUCE" not in kinds or (bool(wanted) and wanted < held)
    return {"change_simple": kinds <= {"NAME", "REP", "REDUCE"} and reduced, "change_registered": True}


def _other_open(application: Application) -> int:
    """Cases in hand about the same object; a check that is only planned is not held against anybody."""
    rows = Case.objects.filter(subject_id=application.case.subject_id, closed_at__isnull=True, private=False)
    rows = rows.exclude(pk=application.case_id).exclude(registry.unannounced())
    if application.premises_id:
        rows = rows.filter(premises_id=application.premises_id)
    return rows.count()


def _last_conclusion(application: Application) -> str:
    from qipan.kernel.publication.queries import public_of

    found = public_of(application.case.subject, kind="inspection.result", limit=1)
    words = {"符合": "CONFORM", "基本符合": "BASIC", "不符合": "NONCONFORM"}
    return words.get(str(found[0].value("conclusion")), "NONCONFORM") if found else "NONE"


def _holds_licence(application: Application) -> bool:
    subject = application.case.subject
    if subject is None:
        return False
    rows = subjects.grants_of(subject).filter(kind="JY", state="VALID")
    return rows.filter(premises=application.premises).exists() if application.premises else rows.exists()


def _founding_facts(application: Application) -> dict[str, Any]:
    """What can be known of a business that is yet to be registered."""
    answers = application.answers
    name = str(answers.get("new_name", "")).strip()
    return {
        "name_free": bool(name) and not Subject.objects.filter(name=name).exists(),
        "place_found": orgs.office_for(str(answers.get("new_domicile", ""))) is not None,
        "nothing_to_approve": answers.get("before") is True,
        "truthful": answers.get("truthful") is True,
    }


def _holds_same(application: Application, item: Item) -> bool:
    """Whether the subject holds what it asks for already (at the place, where the kind is tied to one)."""
    subject = application.case.subject
    if not item.licence or subject is None:
        return False
    rows = subjects.grants_of(subject).filter(kind=item.licence, state="VALID")
    return rows.filter(premises=application.premises).exists() if application.premises else rows.exists()


def _marked(application: Application, item: Item) -> bool:
    """Whether the subject has the mark that the item takes off."""
    subject = application.case.subject
    if not item.target or subject is None:
        return False
    return bool(in_force_marks(subject).filter(kind=item.target).exists())


def name_of(person: Person | None) -> str:
    """A person's name in clear, for a document that must carry it."""
    return person.clear(["name"])["name"] if person and not person.forgotten_at else ""

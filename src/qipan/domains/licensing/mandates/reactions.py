"""A power of attorney is written and sealed once it is confirmed, void once it ends; both sides are told."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from qipan.kernel.accounts import letters
from qipan.kernel.accounts.models import User
from qipan.kernel.documents import actions as documents
from qipan.kernel.documents.models import Document
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import chinese_date
from qipan.kernel.ledger.dispatch import subscribe
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.subjects import queries as subjects
from qipan.kernel.subjects.models import Act, Mandate

PAGE = "/my/mandates/"


def _mandate(event: Event) -> Mandate:
    return Mandate.objects.select_related("subject", "agent__person", "granted_by__person").get(
        pk=event.record_id
    )


def write_document(event: Event) -> None:
    """The power of attorney as a sealed document (LicProc 12): who, for whom, what, until when."""
    row = _mandate(event)
    documents.prepare(
        "licensing.mandate",
        document_data(row),
        record=row,
        org_path=row.org_path,
        seal=orgs.district_of(row.org_path).path,
        actor=Actor.system(row.org_path),
        key=f"mandate:{row.uuid}",
        number=row.number,
        subject_id=row.subject_id,
    )


def document_data(row: Mandate) -> dict[str, Any]:
    """What the power of attorney says. Names are clear in it: it is shown to officers and to nobody else."""
    known = items.items_by_code(row.items)
    named = [f"{known[code].name}（{code}）" if code in known else code for code in row.items]
    return {
        "principal": row.subject.name,
        "uscc": subjects.uscc_of(row.subject),
        "representative": _name(row.granted_by),
        "agent": _name(row.agent),
        "items": "、".join(named) or str(_("全部可以委托办理的许可、备案和服务事项")),
        "acts": "、".join(str(Act(act).label) for act in row.acts),
        "valid_from": chinese_date(row.valid_from),
        "valid_to": chinese_date(row.valid_to),
        "confirmed_on": chinese_date(timezone.localdate(row.confirmed_at)),
    }


def _name(user: User) -> str:
    person = user.person
    if person is None or person.forgotten_at:
        return str(user)
    return person.clear(["name"])["name"] or str(user)


def end_document(event: Event) -> None:
    """A power of attorney that ended is void, and verification says so."""
    row = _mandate(event)
    for document in Document.objects.filter(record_kind="subjects.mandate", record_id=row.pk):
        documents.revoke(document, Actor.system(row.org_path), str(row.get_cause_display()))


def tell(event: Event) -> None:
    """Who is concerned: the agent of an offer and of its end, the business of the answer and of a renunciation."""
    row = _mandate(event)
    names = {"business": row.subject.name, "agent": str(row.agent)}
    words = {
        "subjects.mandate.offered": (_("%(business)s委托您代办，请确认是否接受。"), "agent"),
        "subjects.mandate.confirmed": (_("%(agent)s已接受委托，可以代%(business)s办理。"), "business"),
        "subjects.mandate.declined": (_("%(agent)s没有接受%(business)s的委托。"), "business"),
        "subjects.mandate.ended": (_("%(agent)s代%(business)s办理的委托已终止。"), "both"),
    }
    text, whom = words[event.name]
    people = subjects.representatives_of(row.subject_id) if whom != "agent" else []
    if whom != "business":
        people = [*people, row.agent]
    for user in {user.pk: user for user in people}.values():
        if user.person is not None:
            letters.notify(user.person, event.name, text % names, PAGE, row.subject_id)


subscribe("subjects.mandate.confirmed", handler=write_document, code="licensing.write_mandate")
subscribe("subjects.mandate.ended", handler=end_document, code="licensing.end_mandate")
subscribe("subjects.mandate.*", handler=tell, code="licensing.tell_of_mandate")

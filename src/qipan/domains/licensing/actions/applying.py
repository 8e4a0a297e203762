"""An application on its applicant's side: begun, filled in, handed in."""

import uuid as uuids
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import BigIntegerField
from django.utils.translation import gettext as _

from qipan.conf.composed import Composed
from qipan.domains.licensing import events
from qipan.domains.licensing.drafting import PEOPLE, ApplicationDraft
from qipan.domains.licensing.elicences import offering
from qipan.domains.licensing.locking import application_of, locked
from qipan.domains.licensing.models import FOLLOWING, Application, Kind
from qipan.kernel.accounts.actions import create_person
from qipan.kernel.accounts.models import Person, User
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow.actions import fire, open_case
from qipan.kernel.flow.models import Case, FiredKey
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.validation import Result, prefill
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects import mandates
from qipan.kernel.subjects import queries as registry
from qipan.kernel.subjects.models import Act, Grant, Premises, Subject


def known_of(subject: Subject | None, grant: Grant | None, item: Item | None = None) -> dict[str, Any]:
    """What the base library, the e-licence and the item itself know, by data element."""
    about = {"item.target": item.target} if item is not None and item.target else {}
    if subject is None:
        return about
    facts: dict[str, Any] = {
        **about,
        "subject.name": subject.name,
        "subject.uscc": registry.uscc_of(subject),
        "subject.domicile": subject.domicile,
    }
    if grant is not None:
        facts["grant.number"] = grant.number
        if grant.premises:
            facts["place.address"] = grant.premises.address
    return facts


@transaction.atomic
def start(
    item_code: str,
    *,
    uuid: uuids.UUID,
    reader: Reader,
    subject: Subject | None,
    grant: Grant | None = None,
    channel: str = "web",
) -> Application:
    """Begin an application for a subject (about a grant): a draft that only the applicant sees; idempotent by `uuid`.

    Where a subject is yet to be registered, there is none. An agent begins it for who authorised the agent. Refuses a stranger's subject or grant, and an item that another system handles.
    """
    item = items.item(item_code)
    if item is None or item.handler != "licensing":
        raise Refused(_("没有这个事项，或者它不在这里办理。"), code="not_found")
    kind = Kind(item.handling)
    if kind == Kind.REGISTER:
        subject = grant = None
    mandate = reader.mandate_for(subject.pk, Act.FILL, item.code) if subject else None
    if kind != Kind.REGISTER and (
        subject is None or (subject.pk not in reader.subject_ids and mandate is None)
    ):
        raise Refused(_("您不是该主体的代表人，也没有办理这个事项的委托，不能代为办理。"), code="forbidden")
    if kind in FOLLOWING and (
        grant is None
        or subject is None
        or grant.subject_id != subject.pk
        or not items.concerns(item, grant.kind, grant.data)
    ):
        raise Refused(_("请选择该主体名下的一张证照。"), code="invalid", field="grant")
    premises = grant.premises if grant else None
    path = (premises.org_path if premises else "") or (subject.org_path if subject else orgs.root().path)
    case = open_case(
        item.flow,
        uuid=uuid,
        org_path=path,
        actor=reader.actor(subject_id=subject.pk if subject else None, under=mandate),
        opened_by=mandate.principal if mandate else None,
        title=f"{subject.name} {item.name}" if subject else item.name,
        subject_id=subject.pk if subject else None,
        premises_id=premises.pk if premises else None,
        is_demo=subject.is_demo if subject else False,
    )
    row: Application | None = application_of(case.pk)
    if row is not None:
        if (row.item_code, row.grant_id) != (item.code, grant.pk if grant else None):
            raise Refused(_("同一提交编号已用于另一办件，请刷新页面后重新提交。"), code="conflict")
        return row
    asked = forms.asked(item)
    known, _skip = prefill(asked, known_of(subject, grant, item))
    return Application.objects.create(
        case=case,
        item_code=item.code,
        kind=kind,
        channel=channel,
        form_code=item.form,
        form_version=asked.valid_from,
        known=known,
        grant=grant,
        premises=premises,
        contact=own_person(reader),
    )


_USER = Composed(
    lambda hole: User.objects.filter(pk=hole("user", BigIntegerField())).select_related("person")
)


def own_person(reader: Reader) -> Person | None:
    """Who fills in is the contact until another is named."""
    user: User | None = _USER.first(user=reader.user_id)
    return user.person if user and user.person and user.person.phone_index else None


@transaction.atomic
def save(
    row: Application,
    answers: Mapping[str, Any],
    reader: Reader,
    *,
    seen: int | None = None,
    version: str = "",
) -> Result:
    """Keep what was filled in: everything that is right, personal data in the vault; returns what is wrong.

    Only the applicant (or an agent who may fill in), only while it is the applicant's turn. `seen`: the revision that was before the eyes; another
    one refuses as stale, so that nothing is overwritten unseen. `version`: that of the form which the answers are
    given to; those that do not fit the one in force are kept aside (`left_over`).
    """
    case = locked(row)
    if case.state not in {"DRAFT", "CORRECTION"}:
        raise Refused(_("申请已经提交，现在不能修改。"), code="state")
    if not may_fill_in(row, reader):
        raise Refused(_("这不是您的申请，或者您的委托不包括填写。"), code="forbidden")
    draft = ApplicationDraft(row)
    draft.must_be_seen(seen)
    actor = mandates.acting(reader, Act.FILL, case=case.pk, subject_id=case.subject_id)
    before = (row.answers, row.contact_id, row.manager_id, row.form_version)
    form = draft.form
    result, people = draft.take(
        answers, version or draft.version, lambda found: offering.check(row, form, found, actor)
    )
    row.form_version = form.valid_from
    for person, values in people.items():
        if values.get("name") and person in PEOPLE:
            setattr(row, person, kept_person(getattr(row, person), values, actor))
    if row.grant_id is None and row.answers.get("premises") and case.subject_id:
        enter_place(row, case, actor)
    if row.kind == Kind.REGISTER and row.answers.get("new_domicile"):
        _route(row, case)
    if before != (row.answers, row.contact_id, row.manager_id, row.form_version):
        draft.saved(reader)
    row.save()
    for field in form.fields:
        if field.kind == "file":
            for token in row.answers.get(field.code, []):
                evidence.attach(token, case, role=field.material or field.code, actor=actor)
    append(events.SAVED, case, actor, data={"fields": len(result.cleaned)})
    return result


def may_fill_in(row: Application, reader: Reader) -> bool:
    """Whether the reader may fill in an application: its applicant, or an agent who was given that."""
    case = row.case
    return mandates.may_act(
        reader, Act.FILL, case=case.pk, subject_id=case.subject_id, opened_by=case.opened_by
    )


def kept_person(known: Person | None, values: Mapping[str, str], actor: Actor) -> Person:
    """The person as typed in: the one that is known where it says the same, so that saving again makes nobody new."""
    wanted = {"name": values["name"], "phone": values.get("phone", "")}
    if known is not None and not known.forgotten_at and known.clear(list(wanted)) == wanted:
        return known
    return create_person(**wanted, actor=actor)


def enter_place(row: Application, case: Case, actor: Actor) -> None:
    """The place of a new business: entered in the register, its office found by the street."""
    subject = row.case.subject
    assert subject is not None
    address, street = str(row.answers["premises"]), str(row.answers.get("street", ""))
    unit = orgs.office_for(address, street=street)
    path = unit.path if unit else subject.org_path
    place: Premises = subjects.add_premises(
        subject,
        address=address,
        org_path=path,
        street=street,
        division_code=unit.division_code if unit else "",
        area_m2=row.answers.get("area") or None,
        actor=actor,
    )
    row.premises = place
    case.premises, case.org_path = place, place.org_path
    case.save(update_fields=["premises", "org_path"])
    row.case = case


def _route(row: Application, case: Case) -> None:
    """A business that is yet to be registered belongs to the office of its domicile."""
    unit = orgs.office_for(str(row.answers["new_domicile"]), street=str(row.answers.get("street", "")))
    if unit is not None:
        case.org_path = unit.path
        case.save(update_fields=["org_path"])
        row.case = case


def submit(row: Application, reader: Reader, *, key: str = "", expected_version: int | None = None) -> Case:
    """Hand the application in (again after a correction); what the rules may grant is granted in the same transaction."""
    step = "resubmit" if row.case.state == "CORRECTION" else "submit"
    # Sent again, it is the same step, whatever the state has become by it.
    if key and row.case.state != "DRAFT":
        known = FiredKey.objects.filter(case_id=row.pk, key=key).values_list("transition", flat=True).first()
        step = known or step
    actor = mandates.acting(reader, Act.SUBMIT, case=row.pk, subject_id=row.case.subject_id)
    return fire(row.case, step, actor, key=key or None, expected_version=expected_version)

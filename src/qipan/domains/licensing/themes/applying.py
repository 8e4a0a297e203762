"""Applying for a theme: begun with its situation, filled in once, handed in as applications of its items."""

import uuid as uuids
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.domains.licensing import events
from qipan.domains.licensing.actions import kept_person, own_person
from qipan.domains.licensing.elicences import offering
from qipan.domains.licensing.themes import asking, forming, measuring, opening, queries
from qipan.domains.licensing.themes.declaration import PartRow
from qipan.domains.licensing.themes.drafting import GRANT, RELEASE, SITUATION, ThemeDraft
from qipan.domains.licensing.themes.merging import Merged
from qipan.domains.licensing.themes.models import ThemeCase, ThemePerson
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow.actions import fire, open_case
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Refusal
from qipan.kernel.flow.models import Case
from qipan.kernel.forms.validation import Result, validate
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.reader import Mandate, Reader
from qipan.kernel.subjects import mandates
from qipan.kernel.subjects.models import Act, Subject


@transaction.atomic
def start(
    code: str, situation: Mapping[str, Any], *, uuid: uuids.UUID, reader: Reader, subject: Subject | None
) -> ThemeCase:
    """Begin an application for a theme in a situation: a draft; idempotent by `uuid`.

    `subject` is None where the theme registers one. Refuses an unfinished situation, one that needs nothing, and
    a stranger's business; an agent needs a mandate for every item.
    """
    theme = queries.theme(code)
    if theme is None:
        raise Refused(_("没有这个主题，或者它已经停用。"), code="not_found")
    result = asking.answered(theme, situation)
    if result.errors:
        said = [{"message": text, "field": field} for field, text in result.errors.items()]
        raise Refused("；".join(result.errors.values()), details={"refusals": said})
    parts = asking.chosen(theme, result.cleaned)
    if not parts:
        raise Refused(_("按照您的情况，没有需要办理的事项。"), code="state")
    subject = None if forming.founding(parts) else subject
    mandate = _must_act(parts, subject, reader)
    case = open_case(
        "licensing.theme",
        uuid=uuid,
        org_path=subject.org_path if subject else orgs.root().path,
        actor=reader.actor(subject_id=subject.pk if subject else None, under=mandate),
        opened_by=mandate.principal if mandate else None,
        title=f"{subject.name} {theme.title}" if subject else theme.title,
        subject_id=subject.pk if subject else None,
        is_demo=subject.is_demo if subject else False,
    )
    known = ThemeCase.objects.filter(pk=case.pk).first()
    if known is not None:
        if (known.theme_code, known.situation) != (theme.code, result.cleaned):
            raise Refused(_("同一提交编号已用于另一办件，请刷新页面后重新提交。"), code="conflict")
        return known
    row = ThemeCase(
        case=case,
        theme_code=theme.code,
        theme_on=theme.valid_from,
        situation=result.cleaned,
        grants=forming.first_grants(parts, subject, reader) if subject is not None else {},
    )
    forming.keep(row, forming.versions(row, forming.merged_of(row)))
    row.save(force_insert=True)
    person = own_person(reader)
    if person is not None:
        ThemePerson.objects.create(theme=row, role="contact", person=person)
    return row


def subjects_for(reader: Reader, parts: list[PartRow]) -> list[Subject]:
    """The businesses for which the reader may begin all these parts: one's own, and those that a mandate lets one."""
    rows = Subject.objects.order_by("name")
    for part in parts:
        rows = rows.filter(pk__in=mandates.subjects_for(reader, item=part.item).order_by().values("pk"))
    return list(rows) if parts else []


def _must_act(parts: list[PartRow], subject: Subject | None, reader: Reader) -> Mandate | None:
    """Refuses who neither represents the business nor holds a mandate for each of the items."""
    if subject is None:
        if not forming.founding(parts):
            raise Refused(_("请选择为哪个主体办理。"), field="subject")
        return None
    if subject.pk in reader.subject_ids:
        return None
    held = [reader.mandate_for(subject.pk, Act.FILL, part.item) for part in parts]
    if not held or any(one is None for one in held):
        raise Refused(
            _("您不是该主体的代表人，也没有办理其中每个事项的委托，不能代为办理。"), code="forbidden"
        )
    whole = (
        one for one in held if one is not None and all(one.covers(Act.FILL, each.item) for each in parts)
    )
    return next(whole, held[0])


def _lock(row: ThemeCase) -> Case:
    case = Case.objects.select_for_update(of=("self",), no_key=True).get(pk=row.pk)
    row.refresh_from_db()
    row.case = case
    return case


@transaction.atomic
def save(
    row: ThemeCase,
    answers: Mapping[str, Any],
    reader: Reader,
    *,
    seen: int | None = None,
    version: str = "",
) -> Result:
    """Keep what was filled in: everything that is right, personal data in the vault; returns what is wrong.

    Only who may fill in, only a draft. `seen`: the revision that was before the eyes; another one refuses as stale.
    `version`: the versions that the answers are given to (`ThemeDraft.version`); what does not fit those in force is
    kept aside.
    """
    case = _lock(row)
    if case.state != "DRAFT":
        raise Refused(_("申请已经提交，现在不能修改。"), code="state")
    if not may_fill_in(row, reader):
        raise Refused(_("这不是您的申请，或者您的委托不包括填写。"), code="forbidden")
    draft = ThemeDraft(row, reader)
    draft.must_be_seen(seen)
    actor = mandates.acting(reader, Act.FILL, case=case.pk, subject_id=case.subject_id)
    before = draft.said, forming.kept(row)
    now_held = draft.version
    result, people = draft.take(answers, version or now_held, lambda found: _look_at_files(draft, found))
    _choose(row, reader)
    forming.keep(row, forming.versions(row, draft.merged))
    _keep_people(row, people, actor)
    _route(row, case)
    if before != (draft.said, forming.kept(row)):
        draft.saved(reader)
    row.save()
    for each in draft.form.fields:
        if each.kind == "file":
            for token in row.answers.get(each.code, []):
                evidence.attach(token, case, role=each.material or each.code, actor=actor)
    append(events.THEME_SAVED, case, actor, data={"fields": len(result.cleaned)})
    return result


def _look_at_files(draft: ThemeDraft, result: Result) -> None:
    """A licence that is no good leaves the answers the moment it is uploaded, and its field says why."""
    for each in draft.form.fields:
        if each.kind != "file" or not result.cleaned.get(each.code):
            continue
        held = draft.row.answers.get(each.code) or []
        told = {
            token: text
            for token in result.cleaned[each.code]
            if token not in held
            and (text := offering.refusal(draft.row.case.subject_id, each.material or each.code, token))
        }
        if told:
            result.cleaned[each.code] = [token for token in result.cleaned[each.code] if token not in told]
            result.errors[each.code] = " ".join(dict.fromkeys(told.values()))


def may_fill_in(row: ThemeCase, reader: Reader) -> bool:
    """Whether the reader may fill in an application: its applicant, or an agent who was given that for all its items."""
    case = row.case
    return mandates.may_act(
        reader, Act.FILL, case=case.pk, subject_id=case.subject_id, opened_by=case.opened_by
    )


def _choose(row: ThemeCase, reader: Reader) -> None:
    """What was answered about the whole goes where it belongs: the situation, the licences, the outlet."""
    answers = row.answers
    grants = {code: int(value) for code, value in forming.clear_of(answers, GRANT).items() if value}
    row.grants = {**row.grants, **grants}
    row.release = answers.get(RELEASE) or row.release
    told = forming.clear_of(answers, SITUATION)
    theme = forming.theme_of(row)
    if told:
        row.situation = asking.answered(theme, {**row.situation, **told}, draft=True).cleaned
    row.answers = {
        code: value
        for code, value in answers.items()
        if code != RELEASE and not code.startswith((GRANT, SITUATION))
    }
    if row.case.subject is not None:
        fresh = [one for one in asking.chosen(theme, row.situation) if one.code not in row.grants]
        row.grants = {**forming.first_grants(fresh, row.case.subject, reader), **row.grants}


def _keep_people(row: ThemeCase, typed: Mapping[str, Mapping[str, str]], actor: Any) -> None:
    """The people whom the form names; `revision` says since which state of the draft each stands there."""
    known = {each.role: each for each in row.people.select_related("person")}
    for role, given in typed.items():
        if not given.get("name"):
            continue
        before = known.get(role)
        person = kept_person(before.person if before else None, given, actor)
        if before is None:
            ThemePerson.objects.create(theme=row, role=role, person=person, revision=row.revision + 1)
        elif before.person_id != person.pk:
            before.person, before.revision = person, row.revision + 1
            before.save(update_fields=["person", "revision"])


def _route(row: ThemeCase, case: Case) -> None:
    """A business that is yet to be registered belongs to the office of its domicile."""
    address = str(row.answers.get("subject_new_domicile", ""))
    if case.subject_id is None and address:
        unit = orgs.office_for(address, street=str(row.answers.get("subject_new_street", "")))
        if unit is not None:
            case.org_path = unit.path
            case.save(update_fields=["org_path"])


def submit(row: ThemeCase, reader: Reader, *, key: str = "", expected_version: int | None = None) -> Case:
    """Hand the whole in: its applications are opened at once, and each goes its way as soon as what it needs is there."""
    actor = mandates.acting(reader, Act.SUBMIT, case=row.pk, subject_id=row.case.subject_id)
    return fire(row.case, "submit", actor, key=key or None, expected_version=expected_version)


def something_to_do(context: Context) -> Refusal | None:
    """There is at least one item that can be applied for."""
    if forming.parts_of(context.record)[0]:
        return None
    return Refusal(_("您的主体名下没有可以办理的证照，这个主题现在没有事项可办。"))


def form_complete(context: Context) -> Iterator[Refusal]:
    """Every field of the one form is answered rightly, and with it every field of each item (LicProc 13)."""
    row: ThemeCase = context.record
    draft = ThemeDraft(row)
    merged = draft.merged
    roles = {each.role: each.person for each in row.people.select_related("person")}
    given = frozenset(
        code for code in merged.asks if merged.asks[code].field.personal and _named(roles, code)
    )
    answers = {code: value for code, value in draft.kept.items() if not code.startswith(SITUATION)}
    result = validate(draft.form, answers, skip=given)
    for field, text in result.errors.items():
        yield Refusal(text, field)
    if not result.errors:
        context.shared["merged"], context.shared["answers"] = merged, result.cleaned
        context.shared["versions"] = forming.versions(row, merged)


def _named(roles: Mapping[str, Any], code: str) -> bool:
    role, _sign, part = code.rpartition("_")
    person = roles.get(role)
    return person is not None and getattr(person, f"{part}_sealed", None) is not None


def business_known(context: Context) -> Refusal | None:
    """Either the theme registers a business, or it is for one that there is."""
    row: ThemeCase = context.record
    if row.case.subject_id is None and not forming.founding(forming.parts_of(row)[0]):
        return Refusal(_("请先选择要办理的主体。"), "subject")
    return None


def open_parts(context: Context) -> None:
    """Open the application of each part, filled in with its own answers of the one form."""
    row: ThemeCase = context.record
    merged: Merged = context.shared.get("merged") or forming.merged_of(row)
    answers = context.shared.get("answers") or row.answers
    forming.keep(row, context.shared.get("versions") or forming.versions(row, merged))
    row.answers = {code: value for code, value in answers.items() if code in merged.form.codes}
    row.submitted_by, row.submitted_at = context.actor.user_id, now()
    spared = measuring.savings(merged, len(asking.asked(forming.theme_of(row), row.situation)))
    row.fields_saved, row.materials_saved = spared.fields_saved, spared.materials_saved
    row.save()
    case = context.case
    if not case.number:
        district = orgs.district_of(case.org_path)
        case.number = f"{district.code}-YJS-{today():%Y%m%d}-{case.pk:06d}"
    opened = opening.open_all(row, merged, answers, context.actor)
    context.event_data |= {"theme": row.theme_code, "parts": [part.code for part in opened]}

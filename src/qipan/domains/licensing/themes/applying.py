"""Applying for a theme: begun with its situation, filled in once, handed in as applications of its items."""

import hashlib
import json
import uuid as uuids
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.domains.licensing import events
from qipan.domains.licensing.actions import kept_person, known_of, own_person
from qipan.domains.licensing.models import FOLLOWING, Kind
from qipan.domains.licensing.themes import asking, graph, merging, opening, queries
from qipan.domains.licensing.themes.declaration import PartRow, ThemeRow
from qipan.domains.licensing.themes.merging import Merged
from qipan.domains.licensing.themes.models import Release, ThemeCase, ThemePerson
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow.actions import fire, open_case
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Refusal
from qipan.kernel.flow.models import Case
from qipan.kernel.forms.validation import Result, validate
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item
from qipan.kernel.law import terms
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.reader import Mandate, Reader
from qipan.kernel.subjects import mandates
from qipan.kernel.subjects.models import Act, Grant, Subject

#: Accepting an application takes as long as this rule allows, before the item's own limit begins.
RECEIVE = "Licence32.correct"


def founding(parts: list[PartRow]) -> bool:
    """Whether a business is registered by these parts."""
    found = items.items_by_code(part.item for part in parts)
    return any(found[part.item].handling == Kind.REGISTER for part in parts if part.item in found)


def grants_for(item: Item, subject: Subject, reader: Reader) -> list[Grant]:
    """The subject's licences that an item can be about."""
    state = "SUSPENDED" if item.handling == Kind.RESTORE else "VALID"
    held = mandates.grants_for(reader, item=item.code).filter(subject=subject, state=state, kind=item.licence)
    return [grant for grant in held if items.concerns(item, grant.kind, grant.data)]


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
    subject = None if founding(parts) else subject
    mandate = _must_act(parts, subject, reader)
    case = open_case(
        "licensing.theme",
        uuid=uuid,
        org_path=subject.org_path if subject else orgs.root().path,
        actor=reader.actor(subject_id=subject.pk if subject else None),
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
    row = ThemeCase.objects.create(
        case=case, theme_code=theme.code, theme_on=today(), situation=result.cleaned
    )
    if subject is not None:
        row.grants = _first_grants(parts, subject, reader)
        row.save(update_fields=["grants"])
    person = own_person(reader)
    if person is not None:
        ThemePerson.objects.create(theme=row, role="contact", person=person)
    return row


def _must_act(parts: list[PartRow], subject: Subject | None, reader: Reader) -> Mandate | None:
    """Refuses who neither represents the business nor holds a mandate for each of the items."""
    if subject is None:
        if not founding(parts):
            raise Refused(_("请选择为哪个主体办理。"), field="subject")
        return None
    if subject.pk in reader.subject_ids:
        return None
    held = [reader.mandate_for(subject.pk, Act.FILL, part.item) for part in parts]
    if not held or any(one is None for one in held):
        raise Refused(
            _("您不是该主体的代表人，也没有办理其中每个事项的委托，不能代为办理。"), code="forbidden"
        )
    return held[0]


def _first_grants(parts: list[PartRow], subject: Subject, reader: Reader) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in parts:
        item = items.item(part.item)
        if item is not None and Kind(item.handling) in FOLLOWING:
            held = grants_for(item, subject, reader)
            if held:
                found[part.code] = held[0].pk
    return found


def theme_of(row: ThemeCase) -> ThemeRow:
    """The theme in the version that holds for an application."""
    found = queries.theme(row.theme_code, on=row.theme_on)
    if found is None:
        raise Refused(_("没有这个主题，或者它已经停用。"), code="not_found")
    return found


def parts_of(row: ThemeCase) -> tuple[list[PartRow], list[PartRow]]:
    """The parts that the application has, and those that it cannot have: there is no licence that they could be about."""
    wanted = asking.chosen(theme_of(row), row.situation)
    found = items.items_by_code(part.item for part in wanted)
    possible, lacking = [], []
    for part in wanted:
        item = found.get(part.item)
        held = item is not None and (Kind(item.handling) not in FOLLOWING or part.code in row.grants)
        (possible if held else lacking).append(part)
    return possible, lacking


def merged_of(row: ThemeCase) -> Merged:
    """The one form of an application as the declarations now are, with what the registers know."""
    possible, _lacking = parts_of(row)
    rules = queries.covers(row.theme_on)
    nodes = graph.nodes(possible, rules)
    held = Grant.objects.select_related("premises").in_bulk(row.grants.values())
    library = {
        one.code: known_of(row.case.subject, held.get(row.grants.get(one.code, 0)), one.item) for one in nodes
    }
    return merging.merge(theme_of(row), nodes, rules, row.situation, library)


def longest(merged: Merged) -> int:
    """Working days on the longest way by statutory limits, with the time for accepting where a person accepts."""
    receive = terms.rule(RECEIVE).value
    extra = {one.code: 0 if one.item.is_auto or one.item.agency else receive for one in merged.nodes}
    return graph.longest(list(merged.nodes), extra=extra)


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
    release: str = "",
    grants: Mapping[str, int] | None = None,
    held: str = "",
) -> Result:
    """Keep what was filled in, personal data in the vault; returns what is wrong. Only the applicant, only a draft.

    `grants`: by part, the licence that it is to be about, where the business holds several. `held`: what the writer saw
    (`draft_version`); refused as stale where somebody else has saved meanwhile.
    """
    case = _lock(row)
    if case.state != "DRAFT":
        raise Refused(_("申请已经提交，现在不能修改。"), code="state")
    if not mandates.may_act(
        reader, Act.FILL, case=case.pk, subject_id=case.subject_id, opened_by=case.opened_by
    ):
        raise Refused(_("这不是您的申请，或者您的委托不包括填写。"), code="forbidden")
    if held and held != draft_version(row):
        raise Refused(_("同一份草稿刚被他人保存过。您填写的内容还在页面上，请核对后再保存。"), code="stale")
    actor = reader.actor(subject_id=case.subject_id)
    if grants:
        _choose(row, grants, reader)
    merged = merged_of(row)
    result = validate(merged.form, answers, draft=True)
    personal = {each.code for each in merged.form.fields if each.personal}
    plain = {code: value for code, value in result.cleaned.items() if code not in personal}
    kept = {code: value for code, value in row.answers.items() if code in result.errors}
    row.answers = {**kept, **plain}
    if release in Release.values:
        row.release = release
    _keep_people(row, {code: str(result.cleaned[code]) for code in personal & result.cleaned.keys()}, actor)
    _route(row, case)
    row.save()
    for each in merged.form.fields:
        if each.kind == "file":
            for token in row.answers.get(each.code, []):
                evidence.attach(token, case, role=each.material or each.code, actor=actor)
    append(events.THEME_SAVED, case, actor, data={"fields": len(result.cleaned)})
    return result


def draft_version(row: ThemeCase) -> str:
    """Names what is kept of a draft: it changes whenever somebody saves something else."""
    people = sorted(row.people.values_list("role", "person_id"))
    kept = json.dumps(
        [row.case.version, row.answers, row.grants, row.release, people], sort_keys=True, default=str
    )
    return hashlib.sha256(kept.encode()).hexdigest()[:16]


def _choose(row: ThemeCase, grants: Mapping[str, int], reader: Reader) -> None:
    subject = row.case.subject
    for part in asking.chosen(theme_of(row), row.situation):
        item = items.item(part.item)
        wanted = grants.get(part.code)
        if wanted is None or item is None or subject is None:
            continue
        if wanted not in {grant.pk for grant in grants_for(item, subject, reader)}:
            raise Refused(_("请选择该主体名下的一张证照。"), field=f"grant-{part.code}")
        row.grants = {**row.grants, part.code: wanted}


def _keep_people(row: ThemeCase, values: Mapping[str, str], actor: Any) -> None:
    typed: dict[str, dict[str, str]] = {}
    for code, value in values.items():
        role, _sign, part = code.rpartition("_")
        typed.setdefault(role, {})[part] = value
    known = {each.role: each for each in row.people.select_related("person")}
    for role, given in typed.items():
        if not given.get("name"):
            continue
        before = known.get(role)
        person = kept_person(before.person if before else None, given, actor)
        if before is None:
            ThemePerson.objects.create(theme=row, role=role, person=person)
        elif before.person_id != person.pk:
            before.person = person
            before.save(update_fields=["person"])


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
    actor = reader.actor(subject_id=row.case.subject_id)
    return fire(row.case, "submit", actor, key=key or None, expected_version=expected_version)


def something_to_do(context: Context) -> Refusal | None:
    """There is at least one item that can be applied for."""
    if parts_of(context.record)[0]:
        return None
    return Refusal(_("您的主体名下没有可以办理的证照，这个主题现在没有事项可办。"))


def form_complete(context: Context) -> Iterator[Refusal]:
    """Every field of the one form is answered rightly, and with it every field of each item (LicProc 13)."""
    row: ThemeCase = context.record
    merged = merged_of(row)
    roles = {each.role: each.person for each in row.people.select_related("person")}
    given = frozenset(
        code for code in merged.asks if merged.asks[code].field.personal and _named(roles, code)
    )
    result = validate(merged.form, row.answers, skip=given)
    for field, text in result.errors.items():
        yield Refusal(text, field)
    if not result.errors:
        context.shared["merged"], context.shared["answers"] = merged, result.cleaned


def _named(roles: Mapping[str, Any], code: str) -> bool:
    role, _sign, part = code.rpartition("_")
    person = roles.get(role)
    return person is not None and getattr(person, f"{part}_sealed", None) is not None


def business_known(context: Context) -> Refusal | None:
    """Either the theme registers a business, or it is for one that there is."""
    row: ThemeCase = context.record
    if row.case.subject_id is None and not founding(parts_of(row)[0]):
        return Refusal(_("请先选择要办理的主体。"), "subject")
    return None


def open_parts(context: Context) -> None:
    """Open the application of each part, filled in with its own answers of the one form."""
    row: ThemeCase = context.record
    merged: Merged = context.shared.get("merged") or merged_of(row)
    answers = context.shared.get("answers") or row.answers
    row.submitted_by, row.submitted_at = context.actor.user_id, now()
    row.save(update_fields=["submitted_by", "submitted_at"])
    case = context.case
    if not case.number:
        district = orgs.district_of(case.org_path)
        case.number = f"{district.code}-YJS-{today():%Y%m%d}-{case.pk:06d}"
    opened = opening.open_all(row, merged, answers, context.actor)
    context.event_data |= {"theme": row.theme_code, "parts": [part.code for part in opened]}

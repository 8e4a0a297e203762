"""The applications of a theme's parts: opened together, each with its own answers, and completed once the business is there."""

import uuid as uuids
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from qipan.domains.licensing.actions import enter_place, item_of, known_of
from qipan.domains.licensing.elicences import offering
from qipan.domains.licensing.models import Application, Kind
from qipan.domains.licensing.themes import graph, merging
from qipan.domains.licensing.themes.graph import Node
from qipan.domains.licensing.themes.merging import Merged
from qipan.domains.licensing.themes.models import ThemeCase, ThemePart
from qipan.kernel.accounts.models import Person
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow.actions import open_case
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.validation import Result, prefill, validate
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects.models import Grant, Subject

CHANNEL = "theme"


def open_all(row: ThemeCase, merged: Merged, answers: Mapping[str, Any], actor: Actor) -> list[ThemePart]:
    """One application for each part, as a draft that waits for its turn. Refuses answers that an item would refuse."""
    own = merging.split(merged, answers)
    nodes = list(merged.nodes)
    hard, before = graph.needs(nodes), graph.waits(nodes)
    order = [code for layer in graph.layers(before) for code in layer]
    people = {each.role: each.person for each in row.people.select_related("person")}
    grants = Grant.objects.select_related("premises").in_bulk(row.grants.values())
    parts = []
    for position, code in enumerate(order):
        one = merged.node(code)
        application = _opened(row, merged, one, own[code], people, grants.get(row.grants.get(code, 0)), actor)
        parts.append(
            ThemePart(
                theme=row,
                position=position,
                code=code,
                item_code=one.item.code,
                application=application,
                needs=sorted(hard[code]),
                after=sorted(before[code] - hard[code]),
                supplied=_supplied(merged, one),
            )
        )
    return ThemePart.objects.bulk_create(parts)


def _supplied(merged: Merged, one: Node) -> dict[str, str]:
    """The uploads of a part that another part's result stands in for: field → the part that gives it."""
    origins = merged.origins[one.code]
    return {
        each.code: origins[each.code].code
        for each in one.form.fields
        if each.kind == "file" and origins[each.code].place == "PART"
    }


def _opened(
    row: ThemeCase,
    merged: Merged,
    one: Node,
    answers: Mapping[str, Any],
    people: Mapping[str, Person],
    grant: Grant | None,
    actor: Actor,
) -> Application:
    item, subject = one.item, None if one.founds else row.case.subject
    premises = grant.premises if grant else None
    path = (premises.org_path if premises else "") or (subject.org_path if subject else row.case.org_path)
    case = open_case(
        item.flow,
        uuid=uuids.uuid5(row.case.uuid, one.code),
        org_path=path,
        actor=actor,
        opened_by=row.case.opened_by,
        title=f"{subject.name} {item.name}" if subject else item.name,
        subject_id=subject.pk if subject else None,
        premises_id=premises.pk if premises else None,
        is_demo=row.case.is_demo,
    )
    known, skip = prefill(one.form, known_of(subject, grant, item))
    given = frozenset(
        each.code
        for each in one.form.fields
        if each.personal or merged.origins[one.code][each.code].place == "PART"
    )
    result = validate(one.form, answers, skip=skip | given, known=known)
    _must_fit(merged, one, result)
    application = Application(
        case=case,
        item_code=item.code,
        kind=Kind(item.handling),
        channel=CHANNEL,
        form_code=item.form,
        form_version=one.form.valid_from,
        known=known,
        answers=result.cleaned,
        grant=grant,
        premises=premises,
        **_people(merged, one, people),
    )
    if subject is not None and grant is None and result.cleaned.get("premises"):
        enter_place(application, case, actor)
    application.save(force_insert=True)
    offering.check(application, one.form, result, actor)
    _must_fit(merged, one, result)
    for each in one.form.fields:
        if each.kind == "file":
            for token in result.cleaned.get(each.code, []):
                role = each.material or each.code
                evidence.attach(token, case, role=role, actor=actor, source=row.case)
    return application


def _must_fit(merged: Merged, one: Node, result: Result) -> None:
    """Refuses answers that an item would refuse, at the field of the one form."""
    if result.errors:
        raise Refused(
            _("“%(item)s”：%(why)s") % {"item": one.item.name, "why": "；".join(result.errors.values())},
            field=_merged_field(merged, one, next(iter(result.errors))),
        )


def _merged_field(merged: Merged, one: Node, field: str) -> str:
    origin = merged.origins[one.code].get(field)
    return origin.code if origin is not None and origin.typed else ""


def _people(merged: Merged, one: Node, people: Mapping[str, Person]) -> dict[str, Person]:
    """The persons of a part's form (`contact`, `manager`), by what the one form calls them."""
    found = {}
    for each in one.form.fields:
        if each.personal and each.code.endswith("_name"):
            role = merged.origins[one.code][each.code].code.rpartition("_")[0]
            if role in people:
                found[each.code.removesuffix("_name")] = people[role]
    return found


def complete(
    part: ThemePart, subject: Subject | None, supplied: Mapping[str, str], actor: Actor
) -> Application:
    """Fill in what has come about meanwhile: the business, its place, the material that another part supplies."""
    row = Application.objects.select_related("case__subject", "grant__premises").get(pk=part.application_id)
    case = row.case
    if case.subject_id is None and subject is not None and row.kind != Kind.REGISTER:
        item = item_of(row)
        case.subject, case.org_path = subject, subject.org_path
        case.title = f"{subject.name} {item.name}"
        case.save(update_fields=["subject", "org_path", "title"])
        row.known, _skip = prefill(forms.asked(item), known_of(subject, row.grant, item))
        if row.grant_id is None and row.answers.get("premises"):
            enter_place(row, case, actor)
    elif row.case.subject is not None:
        row.known = row.known | _fresh(row, subject)
    row.known = {**row.known, **supplied}
    row.save()
    return row


def _fresh(row: Application, subject: Subject | None) -> dict[str, Any]:
    """What the register says of the subject now: a part before this one may have changed it."""
    item = item_of(row)
    return prefill(forms.asked(item), known_of(subject or row.case.subject, row.grant, item))[0]

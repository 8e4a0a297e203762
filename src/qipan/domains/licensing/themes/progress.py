"""A theme on its way: each part is handed in once what it needs is there; one that fails holds up nothing but what needs it."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.domains.licensing import actions, events
from qipan.domains.licensing.models import Application, Kind
from qipan.domains.licensing.themes import opening, queries
from qipan.domains.licensing.themes.models import FAILED, GIVEN, OVER, PartState, ThemeCase, ThemePart
from qipan.kernel.accounts.models import User
from qipan.kernel.flow.actions import fire
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Refusal
from qipan.kernel.flow.models import Case
from qipan.kernel.forms.conditions import holds
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import mandates
from qipan.kernel.subjects.models import Act, Subject

#: What a part has come to, by the state of its own case.
BY_STATE = {
    "GRANTED": PartState.GRANTED,
    "ISSUED": PartState.DONE,
    "REFUSED": PartState.REFUSED,
    "NOT_ACCEPTED": PartState.REFUSED,
    "WITHDRAWN": PartState.WITHDRAWN,
    "TERMINATED": PartState.WITHDRAWN,
}


def name_of(part: ThemePart) -> str:
    """The item of a part in words."""
    item = items.item(part.item_code)
    return item.name if item else part.item_code


def state_of(case: Case) -> PartState | None:
    """What a part's own case says of it; None for a draft, which says nothing yet."""
    if case.state == "ANSWERED":
        return PartState.DONE if case.result == "DONE" else PartState.REFUSED
    if case.private:
        return None
    return BY_STATE.get(case.state, PartState.HANDED)


@transaction.atomic
def advance(theme_id: int) -> None:
    """Look at every part's own case, hand in what is ready, say why what cannot go on does not, and close what is over."""
    locked = Case.objects.select_for_update(of=("self",), no_key=True).get(pk=theme_id)
    if locked.state != "HANDLING":
        return
    row = ThemeCase.objects.get(pk=theme_id)
    row.case = locked
    parts = {
        part.code: part
        for part in row.parts.select_related("application__case__subject").order_by("position")
    }
    for part in parts.values():
        found = state_of(part.application.case)
        if found is not None and found != part.state:
            _move(part, found, _reason(part) if found in FAILED else "", locked)
    _take_subject(row, parts.values())
    reader = _who(row)
    for part in parts.values():
        if part.state == PartState.WAITING:
            _next(row, part, parts, reader)
    if all(part.state in OVER for part in parts.values()):
        fire(locked, "close", Actor.system(locked.org_path), key=f"close:{locked.uuid}")


def _who(row: ThemeCase) -> Reader:
    """The one who handed the whole in, as that person now may act."""
    user = User.objects.get(pk=row.submitted_by or row.case.opened_by)
    return orgs.reader_of(user)


def _reason(part: ThemePart) -> str:
    case = part.application.case
    answer = part.application.answer.get("text", "")
    return str(answer) or str(case.state_title)


def _move(part: ThemePart, state: PartState, why: str, theme: Case) -> None:
    part.state, part.why = state, why[:500]
    part.save(update_fields=["state", "why"])
    append(
        events.PART_MOVED,
        theme,
        Actor.system(theme.org_path),
        data={"part": part.code, "item": part.item_code, "state": str(state), "why": part.why},
        reason=_("%(item)s：%(state)s") % {"item": name_of(part), "state": part.get_state_display()},
    )


def _take_subject(row: ThemeCase, parts: Iterable[ThemePart]) -> None:
    """The business that a part registered is the theme's from now on."""
    if row.case.subject_id is not None:
        return
    for part in parts:
        subject = part.application.case.subject
        if part.application.kind == Kind.REGISTER and subject is not None:
            row.case.subject = subject
            row.case.title = f"{subject.name} {row.case.title}"[:200]
            row.case.org_path = subject.org_path
            row.case.save(update_fields=["subject", "title", "org_path"])
            _wish(row, subject)


def _wish(row: ThemeCase, subject: Subject) -> None:
    """Tell the other rooms what the applicant wants besides, now that there is a business."""
    theme = queries.theme(row.theme_code, on=row.theme_on)
    for wish in theme.wishes if theme else ():
        if holds(wish.when, row.situation):
            data = {"wish": wish.code, "subject": subject.pk, "user": row.submitted_by or row.case.opened_by}
            append(events.THEME_WISHED, row.case, Actor.system(row.case.org_path), data=data)


def _next(row: ThemeCase, part: ThemePart, parts: dict[str, ThemePart], reader: Reader) -> None:
    failed = [parts[code] for code in part.needs if parts[code].state in FAILED]
    if failed:
        _give_up(row, part, failed[0])
        return
    given = all(parts[code].state in GIVEN for code in part.needs)
    over = all(parts[code].state in (*OVER, PartState.GRANTED) for code in part.after)
    if given and over:
        _hand_in(row, part, parts, reader)


def _give_up(row: ThemeCase, part: ThemePart, other: ThemePart) -> None:
    """What needs a part that failed is not handed in; who has a business may still apply for it alone."""
    why = _("“%(item)s”没有办成（%(state)s），这个事项需要它的结果。") % {
        "item": name_of(other),
        "state": other.get_state_display(),
    }
    if part.application.case.subject_id is not None:
        _move(part, PartState.ALONE, why, row.case)
        return
    _move(part, PartState.ENDED, why, row.case)
    fire(part.application.case, "discard", Actor.system(row.case.org_path), reason=why)


def _hand_in(row: ThemeCase, part: ThemePart, parts: dict[str, ThemePart], reader: Reader) -> None:
    supplied = {field: _proof(parts[code]) for field, code in part.supplied.items() if code in parts}
    actor = mandates.acting(
        reader, Act.SUBMIT, case=part.application_id, subject_id=part.application.case.subject_id
    )
    try:
        with transaction.atomic():
            application = opening.complete(part, row.case.subject, supplied, actor)
            actions.submit(application, reader, key=f"theme:{row.case.uuid}")
            application.case.refresh_from_db()
            state = state_of(application.case) or PartState.HANDED
    except Refused as refused:
        _move(part, PartState.BLOCKED, str(refused), row.case)
        return
    part.application = application
    _move(part, state, "", row.case)
    _take_subject(row, [part])  # granted at once, the business is there for the next part


def _proof(part: ThemePart) -> str:
    """What stands in for a paper: the other part's result, with its number."""
    row = Application.objects.select_related("result_grant").get(pk=part.application_id)
    number = row.answer.get("number") or (row.result_grant.number if row.result_grant else row.case.number)
    return _("%(item)s（%(number)s）") % {"item": name_of(part), "number": number}


def all_over(context: Context) -> Refusal | None:
    """Every part has come to its end."""
    row: ThemeCase = context.record
    if row.parts.exclude(state__in=OVER).exists():
        return Refusal(_("还有事项没有结果。"))
    return None


def sum_up(context: Context) -> None:
    """What became of the whole: all granted, some, or none."""
    row: ThemeCase = context.record
    parts = list(row.parts.order_by("position"))
    done = [part.code for part in parts if part.state == PartState.DONE]
    failed = [part.code for part in parts if part.state != PartState.DONE]
    context.case.result = "DONE" if not failed else "PARTLY" if done else "REFUSED"
    context.event_data |= {"theme": row.theme_code, "done": done, "failed": failed}


def end_waiting(context: Context) -> None:
    """Parts that were not handed in are ended; those that were go on by themselves, each with its own decision."""
    row: ThemeCase = context.record
    waiting = [PartState.WAITING, PartState.BLOCKED]
    for part in row.parts.filter(state__in=waiting).select_related("application__case"):
        _move(part, PartState.ENDED, _("申请人撤回了一件事"), context.case)
        if part.application.case.private:
            # Who may withdraw the whole need not be let fill in its parts: ending them follows from the withdrawal.
            fire(part.application.case, "discard", Actor.system(context.case.org_path))

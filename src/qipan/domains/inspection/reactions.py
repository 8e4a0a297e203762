"""What inspection does after the fact: a licence is issued, and the place is inspected; the operator is told what was found.

A licence that was granted without a look at the place is inspected within thirty working days (FBL23, unconfirmed); a
new one whose place was checked goes into the plan, to be inspected within two years at the latest (Insp 22).
"""

import uuid as uuids
from collections.abc import Callable

from django.utils.translation import gettext as _

from qipan.domains.inspection import actions
from qipan.domains.inspection.models import Kind, Source, Visit
from qipan.kernel.accounts import letters
from qipan.kernel.flow.actions import fire
from qipan.kernel.flow.models import Case
from qipan.kernel.law import terms
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.dispatch import subscribe
from qipan.kernel.ledger.models import Event
from qipan.kernel.subjects import queries as subjects
from qipan.kernel.subjects.models import Grant

LICENSED = "licensing.licence.issued"
NAMESPACE = uuids.UUID("6d1b3f0e-6a0f-4a3e-9a53-3a5f0a4d7c11")


def inspect_what_was_licensed(event: Event) -> None:
    """Open the follow-up inspection that an issued licence asks for; again changes nothing."""
    data = event.data
    grant = Grant.objects.select_related("subject", "premises").filter(pk=data.get("grant")).first()
    if grant is not None:
        follow(event, grant, new=data.get("kind") == "NEW", unchecked=bool(data.get("unchecked")))


def follow(event: Event, grant: Grant, *, new: bool, unchecked: bool) -> Visit | None:
    """The inspection after a licence, opened once for its event; None where none is called for.

    `unchecked`: nobody looked at the place before it was granted. `new`: the place has never been inspected.
    """
    if grant.kind != "JY" or not (unchecked or new):
        return None
    decided = grant.decided_on or today()
    place = grant.premises
    path = place.org_path if place and place.org_path else event.org_path
    system = Actor.system(path)
    visit = actions.open_visit(
        Kind.LICENCE_AFTER if unchecked else Kind.ROUTINE,
        uuid=uuids.uuid5(NAMESPACE, str(event.uuid)),
        subject=grant.subject,
        grant=grant,
        actor=system,
        source=Source.LICENCE if unchecked else Source.PLAN,
        org_path=path,
        cause=str(_("许可证 %(number)s：%(why)s"))
        % {
            "number": grant.number,
            "why": _("未经现场核查即准予，应当进行证后检查") if unchecked else _("新办许可，列入检查计划"),
        },
        cause_event=event.pk,
        decided_on=decided,
        wanted_by=None if unchecked else terms.due("Insp22.coverage", decided).due_on,
    )
    if unchecked and visit.case.state == "PLANNED":
        fire(visit.case, "assign_after_licence", system, key=f"licence:{event.uuid}")
    return visit


Words = Callable[[Event], str]


def told() -> dict[str, Words]:
    """What the operator is told after which event; `%(title)s` is the case's."""
    return {
        "inspection.visit.signed": lambda event: _("“%(title)s”已有结果，请查看检查结果记录表。"),
        "inspection.rectification.ordered": lambda event: _(
            "“%(title)s”责令改正：请于 %(day)s 前改正，并报告整改情况。"
        ),
        "inspection.rectification.extended": lambda event: _(
            "“%(title)s”的改正期限由 %(was)s 延长至 %(day)s，只延长这一次。"
        ),
        "inspection.rectification.missed": lambda event: _("“%(title)s”逾期未报告整改情况，已移送调查处理。"),
        "inspection.rectification.rechecked": lambda event: (
            _("“%(title)s”复查合格，已经办结。")
            if event.data["passed"]
            else _("“%(title)s”复查仍不符合，已移送调查处理。")
        ),
        "inspection.visit.refused": lambda event: _("“%(title)s”因拒绝、阻挠检查未能进行，已移送调查处理。"),
        "inspection.visit.annulled": lambda event: _("“%(title)s”已被撤销，公示的结果一并撤回。"),
    }


def tell_operator(event: Event) -> None:
    """A message to everybody who acts for the business that was inspected."""
    words = told()[event.name]
    case = Case.objects.get(pk=event.record_id)
    if case.subject_id is None:
        return
    text = words(event) % {
        "title": case.title,
        "day": event.data.get("rectify_by", ""),
        "was": event.data.get("was", ""),
    }
    for user in subjects.representatives_of(case.subject_id):
        if user.person is not None:
            # A message's kind is at most forty characters long.
            kind = event.name.replace(".rectification.", ".")
            letters.notify(user.person, kind, text, f"/my/cases/{case.uuid}/", case.subject_id)


def register() -> None:
    """Listen."""
    subscribe(
        LICENSED,
        handler=inspect_what_was_licensed,
        code="inspection.after_licence",
        when=lambda event: event.data.get("kind") == "NEW" or bool(event.data.get("unchecked")),
    )
    subscribe(*told(), handler=tell_operator, code="inspection.tell_operator")

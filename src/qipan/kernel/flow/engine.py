"""The engine: takes one transition of a case, and those that follow from it by themselves, in one transaction.

Order: lock the case (then always its clocks before its work orders, parents before children), idempotency key,
optimistic version, permission, source state, guards (all refusals collected), effects, clocks, orders that the step
closes, change, event; then automatic transitions; then the orders to do; last the documents, whose numbers must have
no gap.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import BigIntegerField, CharField, Q
from django.utils.translation import gettext as _
from django.utils.translation import override

from qipan.conf import wall
from qipan.conf.composed import Composed
from qipan.kernel.documents.actions import prepare
from qipan.kernel.documents.jobs import produce_later
from qipan.kernel.flow import case_orders, clocks, events
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Flow, Guard, Paper, Refusal, Transition
from qipan.kernel.flow.errors import FlowError
from qipan.kernel.flow.models import Case, Clock, FiredKey, Recusal
from qipan.kernel.flow.predicates import Rules
from qipan.kernel.jobs import after_commit
from qipan.kernel.ledger import feed
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused

MOST_AUTOMATIC_STEPS = 12
CASE_FIELDS = (
    "state",
    "number",
    "title",
    "org_path",
    "line",
    "subject",
    "premises",
    "due_on",
    "closed_at",
    "result",
    "private",
    "rules_on",
    "version",
)

guard_observers: list[Callable[[Flow, Transition, Guard, bool], None]] = []
"""Told of every guard that was asked in earnest and whether it refused (see flow.testing)."""


@transaction.atomic
@wall.lifted()
def fire(
    case: Case,
    transition: str,
    actor: Actor,
    *,
    data: Mapping[str, Any] | None = None,
    reason: str = "",
    key: str | None = None,
    expected_version: int | None = None,
) -> Case:
    """Take a transition of a case and give the case as it then stands.

    `key` makes the call idempotent: the same key with the same content changes nothing and gives the case; with
    other content it is refused as a conflict. `expected_version` refuses when somebody changed the case meanwhile.
    Raises Refused (not_found, conflict, stale, forbidden, state, invalid with `details["refusals"]`).
    """
    locked = _lock(case)
    flow = locked.flow
    try:
        step = flow.transition(transition)
    except FlowError:
        raise Refused(_("该类办件没有这个操作，请刷新页面。"), code="not_found") from None
    context = Context(locked, flow, step, actor, dict(data or {}), reason.strip())
    digest = _digest(context) if key else ""
    if key and _answered_before(locked, key, digest):
        return locked
    if expected_version is not None and expected_version != locked.version:
        raise Refused(
            _("该办件刚被他人更新，当前状态为“%(state)s”。请刷新后再操作，您填写的内容仍在页面上。")
            % {"state": locked.state_title},
            code="stale",
            details={"version": locked.version},
        )
    permit(context)
    if locked.state not in step.sources:
        raise Refused(
            _("办件当前状态为“%(state)s”，不能“%(title)s”。")
            % {"state": locked.state_title, "title": step.title},
            code="state",
        )
    if step.reason_required and not context.reason:
        raise Refused(_("请填写理由。"), field="reason")
    _refuse_by_guards(context)
    for each in _follow(_take(context)):
        _write_documents(each)
    if key:
        FiredKey.objects.create(
            case=locked,
            key=key,
            transition=transition,
            payload_digest=digest,
            state=locked.state,
            version=locked.version,
        )
    feed.touch(f"case:{locked.pk}", f"office:{locked.org_path}")
    return locked


def refusals(context: Context) -> list[Refusal]:
    """What the guards of a transition say against it; empty when nothing does."""
    found: list[Refusal] = []
    for guard in context.transition.guards:
        answer = guard(context)
        said = [answer] if isinstance(answer, Refusal) else list(answer or ())
        found += said
        if not context.probing:
            for observe in guard_observers:
                observe(context.flow, context.transition, guard, bool(said))
    return found


def permitted(context: Context) -> bool:
    """Whether one of the transition's predicates lets the actor through."""
    return any(predicate.allows(context) for predicate in context.transition.by)


def recused(context: Context) -> bool:
    """Whether the actor must keep out of this case or of its subject (回避)."""
    if context.actor.kind != "staff" or context.actor.user_id is None:
        return False
    of_subject = Q(subject_id=context.case.subject_id) if context.case.subject_id else Q(pk__in=())
    return (
        Recusal.objects.filter(user_id=context.actor.user_id, lifted_at__isnull=True)
        .filter(Q(case_id=context.case.pk) | of_subject)
        .exists()
    )


def permit(context: Context) -> None:
    """Refuse an actor who may not take the transition."""
    if not permitted(context):
        who = "、".join(predicate.says() for predicate in context.transition.by)
        raise Refused(
            _("您无权“%(title)s”。该操作由%(who)s办理。") % {"title": context.transition.title, "who": who},
            code="forbidden",
        )
    if recused(context):
        raise Refused(_("您与本案有回避关系，不能办理。"), code="forbidden")


_LOCKED = Composed(
    lambda hole: Case.objects.select_for_update(of=("self",), no_key=True).filter(
        pk=hole("case", BigIntegerField())
    )
)
_FIRED = Composed(
    lambda hole: FiredKey.objects.filter(
        case_id=hole("case", BigIntegerField()), key=hole("key", CharField())
    )
)


def _lock(case: Case) -> Case:
    row: Case | None = _LOCKED.first(case=case.pk)
    if row is None:
        raise Case.DoesNotExist
    return row


def _digest(context: Context) -> str:
    content = [
        context.transition.code,
        context.actor.kind,
        context.actor.user_id,
        context.reason,
        context.data,
    ]
    text = json.dumps(content, default=str, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _answered_before(case: Case, key: str, digest: str) -> bool:
    known = _FIRED.first(case=case.pk, key=key)
    if known is None:
        return False
    if known.payload_digest != digest:
        raise Refused(_("同一提交编号已用于不同的内容，请刷新页面后重新提交。"), code="conflict")
    return True


def _refuse_by_guards(context: Context) -> None:
    said = refusals(context)
    if said:
        raise Refused(
            "；".join(str(refusal.message) for refusal in said),
            code="invalid",
            field=said[0].field,
            details={"refusals": [{"message": str(each.message), "field": each.field} for each in said]},
        )


@override(settings.LANGUAGE_CODE)  # what is recorded is Chinese, in whatever language the actor works
def _take(context: Context, running: Mapping[str, Clock] | None = None) -> Context:
    """Effects, change, clocks and event of one transition whose actor, source and guards are checked; its orders wait.

    `running`: the open clocks as the step before left them.
    """
    case, step = context.case, context.transition
    source = case.state
    for effect in step.effects:
        effect(context)
    target = context.flow.state(step.target or source)
    if case.private and not target.private:
        case.rules_on = today()
    case.state, case.private = target.code, target.private
    case.version += 1
    context.running = clocks.take(context, step.clocks, running) if step.clocks else running
    if target.final:
        case.closed_at = now()
        case.result = step.result or case.result or target.code
        clocks.end_all(case, context.running)
    if step.closes:
        case_orders.close(context, step.closes)
    if target.final:
        case_orders.cancel_rest(context)
    case.save(update_fields=CASE_FIELDS)
    append(
        step.event or events.CASE_MOVED,
        case,
        context.actor,
        data={
            **context.event_data,
            "transition": step.code,
            "source": source,
            "target": target.code,
            "version": case.version,
        },
        reason=context.reason,
    )
    context.version = case.version
    return context


def _follow(first: Context) -> list[Context]:
    """Take the automatic transitions that now apply, one after the other; each is an event of its own.

    A step's work orders are issued when the next step does not close them at once: nobody is given work that is done.
    """
    case = first.case
    last, taken = first, [first]
    while not case.closed_at:
        context = _next_automatic(first)
        if context is None:
            break
        if len(taken) > MOST_AUTOMATIC_STEPS:
            raise FlowError(f"{case.flow_code}: automatic transitions go round in circles at {case.state}")
        _issue_orders(last, before=context.transition)
        last = _take(context, last.running)
        taken.append(last)
    _issue_orders(last)
    return taken


@override(settings.LANGUAGE_CODE)
def _issue_orders(context: Context, before: Transition | None = None) -> None:
    if before is not None and before.target and context.flow.state(before.target).final:
        return
    done = before.closes if before is not None else ()
    for order in context.transition.opens:
        if order.kind not in done:
            case_orders.open_one(context, order, context.running)


def _next_automatic(first: Context) -> Context | None:
    for step in first.flow.leaving(first.case.state):
        if not step.automatic:
            continue
        by_rules = any(isinstance(predicate, Rules) for predicate in step.by)
        actor = (Actor.rules if by_rules else Actor.system)(first.case.org_path)
        context = Context(
            first.case, first.flow, step, actor, first.data, shared=first.shared, documents=first.documents
        )
        if "record" in vars(first):
            context.record = first.record
        if permitted(context) and not refusals(context):
            return context
    return None


def _document_data(context: Context, paper: Paper, template: str) -> dict[str, Any]:
    if paper.data is not None:
        return paper.data(context)
    if context.flow.document_data is None:
        raise FlowError(f"{context.flow.code}: document {template} has no data")
    return context.flow.document_data(context, template)


@override(settings.LANGUAGE_CODE)
def _write_documents(context: Context) -> None:
    case = context.case
    for paper in context.transition.papers:
        if paper.when is not None and not paper.when(context):
            continue
        template = paper.template_for(context)
        document = prepare(
            template,
            _document_data(context, paper, template),
            record=case,
            org_path=case.org_path,
            actor=context.actor,
            key=f"{case.uuid}:{context.version}:{context.transition.code}:{template}",
            number=paper.number(context) if callable(paper.number) else paper.number,
            seal=paper.seal(context) if callable(paper.seal) else paper.seal,
            subject_id=case.subject_id,
            own_job=paper.own_job,
        )
        context.documents[template] = document
        if paper.then is not None:
            paper.then(context, document)
        if paper.at_once:
            after_commit(produce_later, document_id=document.pk)

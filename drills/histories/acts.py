"""What a worker does: random acts on the same few records, each through the product's own actions."""

import random
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import IntegerField, Max, OuterRef, Subquery, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from drills.histories import stage
from drills.histories.record import Act
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case, OrderState, WorkOrder
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects import codes
from qipan.kernel.subjects.models import Grant, GrantState, Subject, SubjectType

Run = Callable[[Act, Callable[[], dict[str, Any]]], dict[str, Any] | None]
HOPELESS = "the transaction is given up on purpose"


class Hand:
    """One worker: chooses what to do by its dice, and does it through `run`, which records it."""

    def __init__(self, name: str, plan: stage.Plan, dice: random.Random, run: Run) -> None:
        self.name, self.plan, self.dice, self.run = name, plan, dice, run
        self.count = 0

    def act(self, kind: str, record: str, does: Callable[[], dict[str, Any]], **more: Any) -> Any:
        """Record and do one act."""
        self.count += 1
        label = more.pop("label", "")
        made = Act(f"{self.name}-{self.count}", self.name, kind, record, 0.0, label=label, args=more)
        return self.run(made, does)

    def mark(self) -> str:
        """Words that nobody else writes."""
        return f"{self.name}-{self.count + 1}"

    def turn(self) -> None:
        """One thing after another, as people do."""
        chosen: Callable[[], None] = self.dice.choices(
            [
                self.on_case,
                self.on_order,
                self.on_grant,
                self.number_case,
                self.number_licence,
                self.on_subject,
            ],
            weights=[34, 28, 12, 5, 8, 13],
        )[0]
        chosen()

    def staff(self, user: int) -> Actor:
        """Somebody of the office."""
        return Actor("staff", user, "", self.plan.path)

    def slot(self, kind: str, several: int) -> uuid.UUID:
        """One of the few records that are worked on now; all workers name the same ones."""
        turn = int((time.monotonic() - self.plan.started) / self.plan.period)
        return uuid.uuid5(stage.SPACE, f"{kind} {turn} {self.dice.randrange(several)}")

    # cases

    def look(self, pk: int) -> dict[str, Any]:
        """A case, and of which version the ledger tells, in one question."""
        told = (
            Event.objects.filter(
                record_kind="flow.case", record_id=OuterRef("pk"), data__has_key="transition"
            )
            .order_by()
            .values("record_id")
            .annotate(last=Max(Cast(KeyTextTransform("version", "data"), IntegerField())))
        )
        rows = Case.objects.filter(pk=pk).annotate(told=Coalesce(Subquery(told.values("last")), Value(1)))
        return rows.values("version", "state", "told").get()

    def on_case(self) -> None:
        """Opens the case of the moment, or takes a step that its state has, as one who may."""
        mark = self.slot("case", self.plan.cases)
        case = Case.objects.filter(uuid=mark).first()
        owner = Actor("business", self.plan.owner)
        if case is None:

            def open_it() -> dict[str, Any]:
                made = flow.open_case(
                    "sample.permit", uuid=mark, org_path=self.plan.path, actor=owner, title="海棠小吃店"
                )
                return {"record": f"case:{made.pk}"}

            self.act("open", "", open_it, makes=str(mark))
            return
        pk, record = case.pk, f"case:{case.pk}"
        seen = self.act("read", record, lambda: self.look(pk))
        if seen is None or self.dice.random() < 0.15:
            return
        version = seen["version"]
        steps: dict[str, list[tuple[str, list[int]]]] = {
            "DRAFT": [("submit", [])],
            "CORRECTION": [("submit", [])],
            "SUBMITTED": [("accept", self.plan.receivers), ("ask_correction", self.plan.receivers)],
            "ACCEPTED": [("remark", self.plan.reviewers)] * 4 + [("order_check", self.plan.reviewers)],
            "CHECKING": [("conclude_check", self.plan.inspectors), ("claim", self.plan.inspectors)],
            "REVIEWED": [("grant", self.plan.deciders), ("refuse", self.plan.deciders)],
        }
        step, people = self.dice.choice(steps.get(seen["state"], [("remark", self.plan.reviewers)]))
        who = self.staff(self.dice.choice(people)) if people else owner
        if step == "claim":
            order = WorkOrder.objects.filter(case_id=pk, kind="sample.check").first()
            if order is not None:
                self.claim(order, who)
            return
        # What an applicant hands in carries the same key from every worker: it is pressed by several at once.
        key = f"{step} {version} of {mark}" if step == "submit" or self.dice.random() < 0.2 else None
        expected = version if key is None and self.dice.random() < 0.6 else None
        if key is not None and people:
            who = self.staff(people[0])
        label = key or self.mark()
        more: dict[str, Any] = {"expected": expected, "repeats": bool(key), "who": who.user_id}
        if step in {"grant", "refuse"}:
            more["decides"] = step

        def fire() -> dict[str, Any]:
            moved = flow.fire(
                Case(pk=pk),
                step,
                who,
                data={"place": "园岭街道 1 号"},
                reason=label,
                key=key,
                expected_version=expected,
            )
            return {"version": moved.version, "state": moved.state}

        self.act("fire", record, fire, label=label, **more)

    def number_case(self) -> None:
        """A case with the next number of the series; one in four is given up when the number is taken."""
        mark, hopeless = uuid.uuid4(), self.dice.random() < 0.25

        def number() -> dict[str, Any]:
            with transaction.atomic():
                taken = flow.take_number(stage.CASES)
                made = flow.open_case(
                    "sample.permit",
                    uuid=mark,
                    org_path=self.plan.path,
                    actor=Actor("business", self.plan.owner),
                    title="编号",
                    number=f"{stage.CASES}{taken}",
                )
                if hopeless:
                    raise Refused(HOPELESS, code="invalid")
            return {"record": f"case:{made.pk}", "number": taken}

        self.act("number", "", number, series=stage.CASES, makes=str(mark))

    # work orders

    def on_order(self) -> None:
        """Issues the order of the moment, or does something with it."""
        mark = self.slot("order", self.plan.orders)
        order = WorkOrder.objects.filter(uuid=mark).first()
        if order is None:

            def issue() -> dict[str, Any]:
                made = flow.create_order(
                    "drill.task",
                    "检查",
                    Role.INSPECTOR,
                    self.plan.path,
                    actor=self.staff(self.plan.head),
                    uuid=mark,
                )
                return {"record": f"order:{made.pk}"}

            self.act("issue", "", issue, makes=str(mark))
            return
        pk, record = order.pk, f"order:{order.pk}"
        if self.dice.random() < 0.3:
            self.act("read", record, lambda: stage.of_order(WorkOrder.objects.get(pk=pk)))
            return
        who = self.staff(order.assignee_id or self.dice.choice(self.plan.inspectors))
        label = self.mark()
        chosen: dict[str, list[Callable[[], WorkOrder]]] = {
            OrderState.OPEN: [],
            OrderState.CLAIMED: [
                lambda: flow.release(order, reason=label, actor=who),
                lambda: flow.transfer(
                    order, reason=label, actor=who, to_user=self.dice.choice(self.plan.inspectors)
                ),
                lambda: flow.transfer(order, reason=label, actor=who, to_org=self.plan.path),
                lambda: flow.return_order(order, reason=label, actor=who),
                lambda: flow.suspend(order, reason=label, actor=who),
                lambda: flow.countersign(order, self.plan.signers, actor=who, rule="any"),
                lambda: flow.sign(
                    order, agree=False, note=label, actor=self.staff(self.dice.choice(self.plan.signers))
                ),
                lambda: flow.finish(order, actor=who),
            ],
            OrderState.RETURNED: [lambda: flow.reissue(order, actor=self.staff(self.plan.head))],
            OrderState.SUSPENDED: [lambda: flow.resume(order, actor=who)],
        }
        ways = chosen.get(OrderState(order.state), [])
        if not ways or self.dice.random() < 0.35:
            self.claim(order, self.staff(self.dice.choice(self.plan.inspectors)))
            return
        place = self.dice.randrange(len(ways))
        names = ("release", "transfer", "transfer", "return", "suspend", "countersign", "sign", "finish")
        told = order.state == OrderState.CLAIMED and place < 5
        kind = names[place] if order.state == OrderState.CLAIMED else "order"
        # What is done is done again without effect, by whomever.
        repeats = kind in {"finish", "sign"}
        self.act(
            kind,
            record,
            lambda: stage.of_order(ways[place]()),
            label=label if told else "",
            who=who.user_id,
            repeats=repeats,
        )

    def claim(self, order: WorkOrder, who: Actor) -> None:
        """Takes an order in hand."""
        self.act(
            "claim",
            f"order:{order.pk}",
            lambda: stage.of_order(flow.claim(order, actor=who)),
            who=who.user_id,
            needs=order.needs,
        )

    # the register

    def on_grant(self) -> None:
        """Adds a mark of one's own to a licence that all others write to, or lays it still, or reads it."""
        pk = self.dice.choice(self.plan.grants)
        record, label, dice = f"grant:{pk}", self.mark(), self.dice.random()
        actor = self.staff(self.plan.head)
        if dice < 0.3:
            self.act("read", record, lambda: stage.of_grant(Grant.objects.get(pk=pk)))
        elif dice < 0.85:
            self.act(
                "change",
                record,
                lambda: stage.of_grant(
                    subjects.change_grant(Grant(pk=pk), {"data": {label: 1}}, actor, reason=label)
                ),
                label=label,
                adds=label,
            )
        else:
            known = Grant.objects.get(pk=pk)
            after = GrantState.VALID if known.state == GrantState.SUSPENDED else GrantState.SUSPENDED
            self.act(
                "state",
                record,
                lambda: stage.of_grant(subjects.set_grant_state(known, after, actor, label)),
                label=label,
            )

    def number_licence(self) -> None:
        """A new licence with the next number; one in four is given up when the number is taken."""
        pk, hopeless = self.dice.choice(self.plan.subjects), self.dice.random() < 0.25

        def number() -> dict[str, Any]:
            with transaction.atomic():
                subject = Subject.objects.get(pk=pk)
                made = stage.licence(subject, {}, self.staff(self.plan.head), subjects)
                if hopeless:
                    raise Refused(HOPELESS, code="invalid")
            return {"record": f"grant:{made.pk}", "number": int(made.number[9:15])}

        self.act("number", "", number, series=stage.LICENCES)

    def on_subject(self) -> None:
        """Registers the business of the moment, reads one, changes a fact of one, or enters a place of it."""
        pk, label, dice = self.dice.choice(self.plan.subjects), self.mark(), self.dice.random()
        actor = self.staff(self.plan.head)
        if dice < 0.3:
            mark = self.slot("business", 1)
            code = codes.make_uscc("92", "440304", f"{mark.int % 10**8:08d}")

            def register() -> dict[str, Any]:
                made = subjects.register_subject(
                    name="海棠小吃店",
                    type=SubjectType.INDIVIDUAL,
                    org_path=self.plan.path,
                    actor=actor,
                    uuid=mark,
                    identifiers={"USCC": code},
                )
                return {"record": f"subject:{made.pk}"}

            self.act("register", "", register, makes=str(mark))
        elif dice < 0.45:
            self.act("read", f"subject:{pk}", lambda: stage.of_subject(Subject.objects.get(pk=pk)))
        elif dice < 0.75:

            def change() -> dict[str, Any]:
                domicile = {"domicile": f"红荔路 {label}"}
                made = subjects.change_subject(Subject.objects.get(pk=pk), domicile, actor, reason=label)
                return stage.of_subject(made)

            self.act("change", f"subject:{pk}", change, label=label)
        else:

            def place() -> dict[str, Any]:
                subjects.add_premises(
                    Subject.objects.get(pk=pk),
                    address=f"百花路 {label}",
                    org_path=self.plan.path,
                    actor=actor,
                )
                return {}

            self.act("place", f"subject:{pk}", place)

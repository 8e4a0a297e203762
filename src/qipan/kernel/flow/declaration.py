"""What a domain writes down about a kind of case: states, transitions, who may, limits, each with its source.

FLOW = Flow(
    code="licensing.application", version=1, title=_("食品经营许可"), source="LicProc",
    states=(
        State("DRAFT", _("草稿"), kind="start", owner=Owner.APPLICANT, private=True, no_clock=_("由申请人掌握")),
        State("SUBMITTED", _("待受理"), owner=Role.LIC_RECEIVER),
        State("ACCEPTED", _("已受理"), kind="final"),
        State("WITHDRAWN", _("已撤回"), kind="final", exit=True),
    ),
    transitions=(
        Transition("submit", _("提交"), source="DRAFT", target="SUBMITTED", by=(Applicant(),),
                   clocks=(Start("FBL23.accept"),), opens=(Order("lic.accept", _("受理"), Role.LIC_RECEIVER),),
                   law="LicProc 22"),
        …
    ),
)
registry.register(FLOW)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from django.utils.functional import Promise

from qipan.kernel.flow.clock_steps import ClockStep
from qipan.kernel.flow.errors import FlowError
from qipan.kernel.ledger.registry import EventType
from qipan.kernel.orgs.roles import Role

if TYPE_CHECKING:
    from django.db import models

    from qipan.kernel.flow.context import Context
    from qipan.kernel.flow.predicates import Predicate

Text = str | Promise
StateKind = Literal["start", "open", "waiting", "final"]
UNCONFIRMED = "unconfirmed"
OVERSIGHT = (Role.OFFICE_HEAD, Role.BUREAU_LEADER, Role.DUTY_OFFICER, Role.AUDITOR)


class Owner:
    """Who has a case in hand in a state, where it is not a role."""

    APPLICANT = "applicant"
    SYSTEM = "system"
    ASSIGNEE = "assignee"


@dataclass(frozen=True)
class Refusal:
    """Why a guard says no, in words for the person who asked, and at which field of the form."""

    message: Text
    field: str = ""


Guard = Callable[["Context"], "Refusal | Iterable[Refusal] | None"]
Effect = Callable[["Context"], None]


@dataclass(frozen=True)
class State:
    """A state of a case (状态).

    `kind`: one start; open (somebody acts); waiting (the law lets time pass or another party is awaited); final.
    `owner`: a role, or Owner.APPLICANT, SYSTEM, ASSIGNEE. Every state that is not final has an owner and either a
    running clock (`clock`, the rule codes of which one runs here) or, in `no_clock`, the reason why none does.
    `private`: only the applicant sees the case (a draft). `unannounced`: the party whom the case is about does not see
    it here (a check that must not be told beforehand). `exit`: a final state off the main road (withdrawn …).
    """

    code: str
    title: Text
    owner: str = ""
    kind: StateKind = "open"
    clock: str | tuple[str, ...] = ()
    no_clock: Text = ""
    private: bool = False
    exit: bool = False
    unannounced: bool = False

    @property
    def final(self) -> bool:
        """Whether a case ends here."""
        return self.kind == "final"

    @property
    def clock_rules(self) -> tuple[str, ...]:
        """The rule codes of which at least one runs while a case is here."""
        return (self.clock,) if isinstance(self.clock, str) else self.clock


@dataclass(frozen=True)
class Order:
    """A work order (工单) that a transition opens, for the holders of a role at the case's unit.

    `due`: rule code; the case's clock of that rule where one runs, else the term counted from now; or a callable
    that gives the day. `needs` officers must have claimed it before it can start; `certified`: each with a valid
    certificate. `assignees`: callable that names user ids at once; who is absent, recused or no longer fit is left out, and when
    nobody is left the order lies in the unit's inbox. `org`: callable that gives another unit's path.
    """

    kind: str
    title: Text
    role: Role
    due: str | Callable[[Context], Any] = ""
    line: str = ""
    needs: int = 1
    certified: bool = False
    org: Callable[[Context], str] | None = None
    assignees: Callable[[Context], Iterable[int]] | None = None


@dataclass(frozen=True)
class Paper:
    """A document that a transition writes: its template, the data for it, and what happens once it is reserved.

    `template` may be a callable where the record says which. `data` gives the template's fields. `number` replaces the template's own rule (a licence carries its licence
    number); `seal` is the path of the unit whose seal it gets, the case's unit when not given; both may be callables.
    `when` leaves the document out. `then(context, document)` is called with the reserved document in the same
    transaction. `at_once`: rendered and sealed right after the commit, before the answer; else by the next worker.
    `own_job`: False where a job of the flow's own makes it together with others.
    """

    template: str | Callable[[Context], str]
    data: Callable[[Context], dict[str, Any]] | None = None
    number: str | Callable[[Context], str] | None = None
    seal: str | Callable[[Context], str] | None = None
    when: Callable[[Context], bool] | None = None
    then: Callable[[Context, Any], None] | None = None
    at_once: bool = False
    own_job: bool = True

    def template_for(self, context: Context) -> str:
        """The code of its template in a case."""
        return self.template if isinstance(self.template, str) else self.template(context)


@dataclass(frozen=True)
class Transition:
    """A step from one state to another (流转).

    `source`: one or several states; `target`: one state, or "" to stay where the case is.
    `by`: any one of these lets the actor through. `guards` are all asked, their refusals collected; then `effects`
    in order, the change, the clocks, the work orders, the event, last the documents.
    `automatic`: taken by the engine itself, in the same transaction, as soon as the case stands in the source state
    and the guards agree. `when_missed`: taken by the system once the clock of that rule has run out.
    `law`: short citation ("LicProc 22") or "unconfirmed".
    """

    code: str
    title: Text
    source: str | tuple[str, ...]
    target: str
    by: tuple[Predicate, ...]
    law: str = ""
    guards: tuple[Guard, ...] = ()
    effects: tuple[Effect, ...] = ()
    event: EventType | None = None
    clocks: tuple[ClockStep, ...] = ()
    documents: tuple[str | Paper, ...] = ()
    opens: tuple[Order, ...] = ()
    closes: tuple[str, ...] = ()
    form: str | None = None
    reason_required: bool = False
    automatic: bool = False
    when_missed: str = ""
    terminates: bool = False
    result: str = ""
    style: Literal["primary", "normal", "danger"] = "normal"

    @property
    def sources(self) -> tuple[str, ...]:
        """The states it may be taken from."""
        return (self.source,) if isinstance(self.source, str) else self.source

    @property
    def papers(self) -> tuple[Paper, ...]:
        """The documents it writes."""
        return tuple(Paper(each) if isinstance(each, str) else each for each in self.documents)


@dataclass(frozen=True)
class Flow:
    """A kind of case (办件类型) as a declared state machine.

    Several versions stand side by side: a released version stays until its last case is closed.
    `record(case)` gives the domain's own row of a case. `document_data(context, template)` gives the fields of a
    document whose Paper has no `data`. `readers`: roles that see the cases besides those who act in them.
    """

    code: str
    title: Text
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    version: int = 1
    source: str = ""
    record: Callable[[models.Model], Any] | None = None
    document_data: Callable[[Context, str], dict[str, Any]] | None = None
    readers: tuple[Role, ...] = OVERSIGHT
    opened_event: EventType | None = None
    _states: dict[str, State] = field(init=False, repr=False, compare=False, hash=False, default_factory=dict)
    _transitions: dict[str, Transition] = field(
        init=False, repr=False, compare=False, hash=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        self._states.update({state.code: state for state in self.states})
        self._transitions.update({transition.code: transition for transition in self.transitions})

    def state(self, code: str) -> State:
        """The state with this code; raises FlowError."""
        try:
            return self._states[code]
        except KeyError:
            raise FlowError(f"{self.code} v{self.version}: no state {code!r}") from None

    def transition(self, code: str) -> Transition:
        """The transition with this code; raises FlowError."""
        try:
            return self._transitions[code]
        except KeyError:
            raise FlowError(f"{self.code} v{self.version}: no transition {code!r}") from None

    @property
    def start(self) -> State:
        """The state in which a case is opened."""
        return next(state for state in self.states if state.kind == "start")

    def leaving(self, state: str) -> tuple[Transition, ...]:
        """The transitions that may be taken from a state, in the order of the declaration."""
        return tuple(transition for transition in self.transitions if state in transition.sources)

    def roles(self) -> frozenset[Role]:
        """Every role that acts in a case of this kind or owns a state of it."""
        named = {Role(state.owner) for state in self.states if state.owner in Role.values}
        for transition in self.transitions:
            named |= {role for predicate in transition.by for role in predicate.roles()}
            named |= {order.role for order in transition.opens}
        return frozenset(named)

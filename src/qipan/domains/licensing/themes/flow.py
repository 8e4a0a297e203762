"""The course of a theme's application: filled in, its parts on their ways, closed when all have come to an end.

Each part is a case of its own, with its own decision, clock and remedies; this one keeps them together (Licence 26, 42).
"""

import datetime

from django.db.models import BigIntegerField
from django.utils.translation import gettext_lazy as _

from qipan.conf.composed import Composed
from qipan.domains.licensing import events
from qipan.domains.licensing.themes import applying, forming, progress
from qipan.domains.licensing.themes.models import READERS, ThemeCase
from qipan.kernel.flow import registry
from qipan.kernel.flow.clock_steps import End, Extend, Start
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Flow, Owner, State, Transition
from qipan.kernel.flow.predicates import Applicant, HasRole, System
from qipan.kernel.law import calendar, terms
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects.models import Act

JOINT = "Licence42.joint"
_RECORD = Composed(
    lambda hole: ThemeCase.objects.select_related("case__subject").filter(pk=hole("case", BigIntegerField()))
)


def whole_limit(context: Context) -> datetime.date | None:
    """The last day for the whole: the longest way through the items' own limits, but never beyond the joint limit."""
    merged = context.shared.get("merged") or forming.merged_of(context.record)
    days = min(forming.longest(merged), terms.rule(JOINT).value)
    return calendar.current().add_working_days(today(), max(days, 1))


THEME = Flow(
    code="licensing.theme",
    version=1,
    title=_("一件事一次办"),
    source="Licence 26",
    record=lambda case: _RECORD.first(case=case.pk),
    readers=READERS,
    states=(
        State(
            "DRAFT", _("草稿"), Owner.APPLICANT, "start", private=True, no_clock=_("尚未提交，由申请人掌握")
        ),
        State("HANDLING", _("各事项办理中"), Owner.SYSTEM, "waiting", clock=JOINT),
        State("CLOSED", _("全部有结果"), kind="final"),
        State("WITHDRAWN", _("已撤回"), kind="final", exit=True),
    ),
    transitions=(
        Transition(
            "submit",
            _("一次提交"),
            "DRAFT",
            "HANDLING",
            (Applicant(Act.SUBMIT),),
            "Licence 26",
            guards=(applying.something_to_do, applying.form_complete, applying.business_known),
            effects=(applying.open_parts,),
            event=events.THEME_SUBMITTED,
            clocks=(Start(JOINT, until=whole_limit),),
            style="primary",
        ),
        Transition(
            "close",
            _("全部有结果，办结"),
            "HANDLING",
            "CLOSED",
            (System(),),
            "Licence 26",
            guards=(progress.all_over,),
            effects=(progress.sum_up,),
            event=events.THEME_CLOSED,
            clocks=(End(JOINT),),
        ),
        Transition(
            "extend",
            _("延长办理期限"),
            "HANDLING",
            "",
            (HasRole(Role.BUREAU_LEADER),),
            "Licence 42",
            event=events.THEME_EXTENDED,
            clocks=(Extend(JOINT),),
            reason_required=True,
        ),
        Transition(
            "discard",
            _("删除草稿"),
            "DRAFT",
            "WITHDRAWN",
            (Applicant(Act.WITHDRAW),),
            "unconfirmed",
            event=events.THEME_WITHDRAWN,
            terminates=True,
        ),
        Transition(
            "withdraw",
            _("撤回还没有提交的事项"),
            "HANDLING",
            "WITHDRAWN",
            (Applicant(Act.WITHDRAW),),
            "LicProc 30",
            effects=(progress.end_waiting,),
            event=events.THEME_WITHDRAWN,
            terminates=True,
            style="danger",
        ),
    ),
)

registry.register(THEME)

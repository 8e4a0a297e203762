"""The course that an application takes, written once: its states here, its steps in `steps`.

Source: 市场监督管理行政许可程序暂行规定 (LicProc). `flow` declares the courses that there are: for each its limits, its
documents and the law of its checks.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import BigIntegerField
from django.utils.translation import gettext_lazy as _

from qipan.conf.composed import Composed
from qipan.domains.licensing.models import Application
from qipan.domains.licensing.steps import transitions
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Flow, Owner, Paper, State, Text
from qipan.kernel.orgs.roles import Role

_RECORD = Composed(
    lambda hole: Application.objects.select_related(
        "case__subject", "grant", "premises", "result_grant", "contact", "manager"
    ).filter(pk=hole("case", BigIntegerField()))
)


@dataclass(frozen=True)
class Limits:
    """The rules of law whose terms run on an application, by their codes."""

    correct: str
    supplement: str
    decide: str
    site_check: str
    rectify: str
    issue: str


@dataclass(frozen=True)
class Sheets:
    """The documents that the steps write."""

    acceptance: Paper
    correction: Paper
    not_accepted: Paper
    refusal: Paper
    termination: Paper
    decision: tuple[Paper, ...]


@dataclass(frozen=True)
class Course:
    """What one course has of its own. `until` gives the last day for the decision where an item sets it."""

    code: str
    version: int
    title: Text
    rules: Limits
    sheets: Sheets
    checked_by: str
    grant: Text
    granted: Text
    issued: Text
    refuse: Text
    decide: Text
    until: Callable[[Context], datetime.date | None] | None = None

    def declared(self) -> Flow:
        """The flow."""
        return Flow(
            code=self.code,
            version=self.version,
            title=self.title,
            source="LicProc",
            record=lambda case: _RECORD.first(case=case.pk),
            states=_states(self),
            transitions=transitions(self),
        )


def _states(course: Course) -> tuple[State, ...]:
    rules = course.rules
    return (
        State(
            "DRAFT", _("草稿"), Owner.APPLICANT, "start", private=True, no_clock=_("尚未提交，由申请人掌握")
        ),
        State("SUBMITTED", _("待受理"), Role.LIC_RECEIVER, clock=rules.correct),
        State("CORRECTION", _("待补正"), Owner.APPLICANT, "waiting", clock=rules.supplement),
        State("ACCEPTED", _("审查中"), Role.LIC_REVIEWER, clock=rules.decide),
        State("CHECKING", _("现场核查"), Role.INSPECTOR, clock=(rules.site_check, rules.decide)),
        State("RECTIFYING", _("核查整改"), Owner.APPLICANT, "waiting", clock=(rules.rectify, rules.decide)),
        State("REVIEWED", _("待决定"), Role.LIC_DECIDER, clock=rules.decide),
        State("GRANTED", course.granted, Owner.SYSTEM, clock=rules.issue),
        State("ISSUED", course.issued, kind="final"),
        State("REFUSED", course.refuse, kind="final"),
        State("NOT_ACCEPTED", _("不予受理"), kind="final"),
        State("WITHDRAWN", _("已撤回"), kind="final", exit=True),
        State("TERMINATED", _("已终止"), kind="final", exit=True),
    )

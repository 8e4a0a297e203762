"""Whose turn a case is, in words: for lists, for the head of its page, and in whole sentences for its applicant."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.flow import queries
from qipan.kernel.flow.declaration import Owner
from qipan.kernel.flow.models import Case
from qipan.kernel.flow.predicates import Assignee, CoOfficers
from qipan.kernel.orgs.roles import Role
from qipan.ui import cases
from qipan.ui.templatetags.ui import remaining_text


def tone(case: Case) -> str:
    """The colour class of a case's state (its words stand beside it)."""
    if not case.closed_at:
        return "state-wait" if case.declared_state.owner == Owner.APPLICANT else ""
    if case.result == "PARTLY":
        return ""
    good = case.result in {"GRANTED", "CLOSED", "PASSED", "DONE"} or case.state == "ISSUED"
    return "state-done" if good else "state-bad"


def owner_words(case: Case) -> str:
    """Whose turn it is, in words; empty once the case is closed."""
    if case.closed_at:
        return ""
    owner = case.declared_state.owner
    titles = {Owner.APPLICANT: _("申请人"), Owner.SYSTEM: _("系统"), Owner.ASSIGNEE: _("承办人")}
    return str(Role(owner).label) if owner in Role.values else titles.get(owner, "")


@dataclass(frozen=True)
class Progress:
    """Where a case stands, for its applicant: whose turn it is, until when, what comes then; in whole sentences."""

    now: str
    until: str = ""
    then: str = ""
    yours: bool = False


def progress(
    case: Case,
    pressing: queries.ClockView | None,
    unit: Any,
    asked: Iterable[str],
    standing: cases.Standing | None = None,
) -> Progress:
    """What the applicant is told in words, and hears when it changes."""
    if case.closed_at and standing is None:
        return Progress(
            _("已办完：%(state)s。") % {"state": case.state_title}, then=_("文书和证照在本页下载。")
        )
    until = ""
    if pressing is not None:
        until = _("最迟 %(day)s（%(left)s）。") % {
            "day": pressing.due_on,
            "left": remaining_text(pressing.remaining),
        }
    if standing is not None:
        return Progress(standing.now, until, standing.then, standing.yours)
    owner = case.declared_state.owner
    if owner == Owner.APPLICANT:
        mine = list(asked)
        wanted = _("请：%(steps)s。") % {"steps": _("、").join(mine)} if mine else ""
        return Progress(
            _("轮到您了：现在是“%(state)s”。") % {"state": case.state_title}, until, wanted, yours=True
        )
    if owner == Owner.SYSTEM:
        return Progress(
            _("系统正在自动办理：%(state)s。") % {"state": case.state_title},
            then=_("一般几秒钟完成，这一页会自动更新。"),
        )
    who = owner_words(case)
    now = _("现在由%(unit)s的%(who)s办理：%(state)s。") % {
        "unit": getattr(unit, "name", ""),
        "who": who,
        "state": case.state_title,
    }
    then = _following(case)
    return Progress(now, until, then or _("现在不需要您做什么。"))


def _following(case: Case) -> str:
    """What the house may do next, in words: the steps of officers that lead on."""
    titles = [
        str(step.title)
        for step in case.flow.leaving(case.state)
        if step.target and step.target != case.state and not step.automatic and _is_officers(step)
    ]
    if not titles:
        return ""
    return _("接下来可能是：%(steps)s。现在不需要您做什么。") % {"steps": _("、").join(dict.fromkeys(titles))}


def _is_officers(step: Any) -> bool:
    return any(predicate.roles() or isinstance(predicate, Assignee | CoOfficers) for predicate in step.by)

"""A flow for the tests of the engine: a permit that is handed in, accepted, checked by two officers, decided."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.flow.clock_steps import End, Extend, Resume, Start, Stop
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Flow, Order, Owner, Refusal, State, Transition
from qipan.kernel.flow.events import declare_step
from qipan.kernel.flow.predicates import Applicant, Assignee, CoOfficers, HasRole, Rules, System
from qipan.kernel.orgs.roles import Role

SUBMITTED = declare_step("sample.permit.submitted", "提交样例许可", unchanged=bool)

OPEN_STATES = ("DRAFT", "SUBMITTED", "CORRECTION", "ACCEPTED", "CHECKING", "REVIEWED")


def names_a_place(context: Context) -> Refusal | None:
    """The form must name the place."""
    if context.probing or context.data.get("place"):
        return None
    return Refusal(_("请填写经营场所。"), "place")


def says_how_large(context: Context) -> Refusal | None:
    """The area must be more than nothing."""
    if context.probing or float(context.data.get("area", 1)) > 0:
        return None
    return Refusal(_("面积应当大于 0。"), "area")


def rules_agree(context: Context) -> Refusal | None:
    """Only unchanged conditions are granted without a person."""
    return None if context.shared.get("unchanged") else Refusal(_("须由人工审查。"))


def note_unchanged(context: Context) -> None:
    """Remember what the applicant declared, for the rules and for the event."""
    context.shared["unchanged"] = bool(context.data.get("unchanged"))
    context.event_data["unchanged"] = context.shared["unchanged"]
    context.case.number = context.case.number or f"YL{context.case.pk:06d}"


def permit(version: int = 1) -> Flow:
    """The sample flow in a version; version 2 calls the review something else."""
    reviewed = "REVIEWED" if version == 1 else "JUDGED"
    open_states = tuple(reviewed if code == "REVIEWED" else code for code in OPEN_STATES)
    return Flow(
        code="sample.permit",
        version=version,
        title=_("样例许可"),
        states=(
            State("DRAFT", _("草稿"), Owner.APPLICANT, "start", private=True, no_clock=_("尚未提交")),
            State("SUBMITTED", _("待受理"), Role.LIC_RECEIVER, clock="FBL23.correct"),
            State("CORRECTION", _("待补正"), Owner.APPLICANT, "waiting", clock="FBL23.supplement"),
            State("ACCEPTED", _("审查中"), Role.LIC_REVIEWER, clock="FBL23.decide"),
            State("CHECKING", _("核查中"), Owner.ASSIGNEE, clock=("FBL23.decide", "FBL23.site_check")),
            State(reviewed, _("待决定"), Role.LIC_DECIDER, clock="FBL23.decide"),
            State("GRANTED", _("已准予"), kind="final"),
            State("REFUSED", _("不予许可"), kind="final"),
            State("WITHDRAWN", _("已撤回"), kind="final", exit=True),
        ),
        transitions=(
            Transition(
                "submit",
                _("提交"),
                ("DRAFT", "CORRECTION"),
                "SUBMITTED",
                (Applicant(),),
                "LicProc 10",
                guards=(names_a_place, says_how_large),
                effects=(note_unchanged,),
                event=SUBMITTED,
                clocks=(End("FBL23.supplement"), Start("FBL23.correct")),
                opens=(Order("sample.accept", _("受理"), Role.LIC_RECEIVER, due="FBL23.correct"),),
            ),
            Transition(
                "grant_by_rules",
                _("自动准予"),
                "SUBMITTED",
                "GRANTED",
                (Rules(),),
                "unconfirmed",
                guards=(rules_agree,),
                closes=("sample.accept",),
                automatic=True,
                result="GRANTED",
            ),
            Transition(
                "ask_correction",
                _("要求补正"),
                "SUBMITTED",
                "CORRECTION",
                (HasRole(Role.LIC_RECEIVER),),
                "LicProc 13",
                clocks=(End("FBL23.correct"), Start("FBL23.supplement")),
                closes=("sample.accept",),
                reason_required=True,
            ),
            Transition(
                "lapse",
                _("逾期未补正"),
                "CORRECTION",
                "WITHDRAWN",
                (System(),),
                "unconfirmed",
                when_missed="FBL23.supplement",
                terminates=True,
            ),
            Transition(
                "accept",
                _("受理"),
                "SUBMITTED",
                "ACCEPTED",
                (HasRole(Role.LIC_RECEIVER),),
                "LicProc 12; Licence 32",
                clocks=(End("FBL23.correct"), Start("FBL23.decide")),
                closes=("sample.accept",),
                opens=(Order("sample.review", _("审查"), Role.LIC_REVIEWER, due="FBL23.decide"),),
            ),
            Transition(
                "remark",
                _("记录审查意见"),
                "ACCEPTED",
                "",
                (HasRole(Role.LIC_REVIEWER),),
                "unconfirmed",
                reason_required=True,
            ),
            Transition(
                "order_check",
                _("安排核查"),
                "ACCEPTED",
                "CHECKING",
                (HasRole(Role.LIC_REVIEWER),),
                "LicProc 18",
                clocks=(Start("FBL23.site_check"),),
                closes=("sample.review",),
                opens=(
                    Order(
                        "sample.check",
                        _("现场核查"),
                        Role.INSPECTOR,
                        due="FBL23.site_check",
                        needs=2,
                        certified=True,
                    ),
                ),
            ),
            Transition(
                "wait_for_test",
                _("送检"),
                "CHECKING",
                "CHECKING",
                (Assignee("sample.check"),),
                "unconfirmed",
                clocks=(Stop("FBL23.decide", "检验"),),
            ),
            Transition(
                "test_back",
                _("检验结果返回"),
                "CHECKING",
                "",
                (Assignee("sample.check"),),
                "unconfirmed",
                clocks=(Resume("FBL23.decide"),),
            ),
            Transition(
                "conclude_check",
                _("完成核查"),
                "CHECKING",
                reviewed,
                (CoOfficers(2, Role.INSPECTOR, "sample.check"),),
                "LicProc 18",
                clocks=(Resume("FBL23.decide"), End("FBL23.site_check")),
                closes=("sample.check",),
                opens=(Order("sample.decide", _("决定"), Role.LIC_DECIDER, due="FBL23.decide"),),
            ),
            Transition(
                "extend",
                _("延长决定期限"),
                (reviewed, "ACCEPTED"),
                "",
                (HasRole(Role.BUREAU_LEADER),),
                "Licence 42",
                clocks=(Extend("FBL23.decide"),),
                reason_required=True,
            ),
            Transition(
                "grant",
                _("准予许可"),
                reviewed,
                "GRANTED",
                (HasRole(Role.LIC_DECIDER),),
                "LicProc 19",
                clocks=(End("FBL23.decide"),),
                closes=("sample.decide",),
                style="primary",
            ),
            Transition(
                "refuse",
                _("不予许可"),
                reviewed,
                "REFUSED",
                (HasRole(Role.LIC_DECIDER),),
                "LicProc 19",
                clocks=(End("FBL23.decide"),),
                closes=("sample.decide",),
                reason_required=True,
                style="danger",
            ),
            Transition(
                "withdraw",
                _("撤回申请"),
                open_states,
                "WITHDRAWN",
                (Applicant(),),
                "LicProc 30",
                terminates=True,
                result="WITHDRAWN",
            ),
        ),
    )


PERMIT = permit(1)
PERMIT_2 = permit(2)

"""The course of a rescission, declared.

Found and verified (LicProc 42); the holder told of facts, reasons and rights (43); statement, or hearing, or five days
without either (44); decided in sixty days, once twenty more (45), with a sealed decision (46) or not at all (47).
"""

from django.utils.translation import gettext_lazy as _

from qipan.domains.licensing import events
from qipan.domains.licensing.models import Rescission
from qipan.domains.licensing.rescission import papers, steps
from qipan.kernel.flow import registry
from qipan.kernel.flow.clock_steps import End, Extend, Resume, Start, Stop
from qipan.kernel.flow.declaration import Flow, Order, Owner, State, Transition
from qipan.kernel.flow.predicates import Applicant, HasRole, System
from qipan.kernel.orgs.roles import Role

DECIDE_BY = "LicProc45.rescind"
STATEMENT = "LicProc44.statement"
FINDERS = (HasRole(Role.LIC_REVIEWER), HasRole(Role.LIC_DECIDER), HasRole(Role.OFFICE_HEAD))
VERIFY = Order("licensing.rescission.verify", _("核实应否撤销"), Role.LIC_REVIEWER, due=DECIDE_BY)
HEAR = Order("licensing.rescission.hear", _("组织听证"), Role.LEGAL_REVIEWER)
DECIDE = Order("licensing.rescission.decide", _("决定是否撤销"), Role.LIC_DECIDER, due=DECIDE_BY)

RESCISSION = Flow(
    code="licensing.rescission",
    version=1,
    title=_("撤销行政许可"),
    source="LicProc",
    record=lambda case: Rescission.objects.select_related("grant__subject", "grant__premises").get(
        pk=case.pk
    ),
    states=(
        State("FOUND", _("发现线索"), Role.LIC_REVIEWER, "start", no_clock=_("登记时即转入核实")),
        State("VERIFYING", _("核实中"), Role.LIC_REVIEWER, clock=DECIDE_BY),
        State("TOLD", _("已告知，待陈述申辩"), Owner.APPLICANT, "waiting", clock=(STATEMENT, DECIDE_BY)),
        State("HEARING", _("听证中"), Role.LEGAL_REVIEWER, "waiting", no_clock=_("听证所需时间不计入期限")),
        State("DECIDING", _("待决定"), Role.LIC_DECIDER, clock=DECIDE_BY),
        State("RESCINDED", _("已撤销"), kind="final"),
        State("KEPT", _("不予撤销"), kind="final"),
        State("DROPPED", _("已终止"), kind="final", exit=True),
    ),
    transitions=(
        Transition(
            "register",
            _("登记并核实"),
            "FOUND",
            "VERIFYING",
            FINDERS,
            "LicProc 42",
            guards=(steps.grant_stands,),
            effects=(steps.number_case,),
            event=events.RESCISSION_OPENED,
            clocks=(Start(DECIDE_BY),),
            opens=(VERIFY,),
            style="primary",
        ),
        Transition(
            "tell",
            _("告知拟撤销"),
            "VERIFYING",
            "TOLD",
            (HasRole(Role.LIC_REVIEWER),),
            "LicProc 43",
            guards=(steps.grant_stands, steps.facts_given),
            effects=(steps.keep_facts,),
            event=events.RESCISSION_TOLD,
            clocks=(Start(STATEMENT),),
            closes=(VERIFY.kind,),
            documents=(papers.NOTICE,),
            form="tell",
            style="primary",
        ),
        Transition(
            "make_statement",
            _("陈述申辩"),
            "TOLD",
            "DECIDING",
            (Applicant(),),
            "LicProc 44",
            guards=(steps.statement_given,),
            effects=(steps.keep_statement,),
            event=events.STATEMENT_MADE,
            clocks=(End(STATEMENT),),
            opens=(DECIDE,),
            form="make_statement",
            style="primary",
        ),
        Transition(
            "ask_hearing",
            _("要求听证"),
            "TOLD",
            "HEARING",
            (Applicant(),),
            "LicProc 44",
            event=events.HEARING_ASKED,
            clocks=(End(STATEMENT), Stop(DECIDE_BY, str(_("听证")))),
            opens=(HEAR,),
        ),
        Transition(
            "waive",
            _("逾期未陈述申辩，视为放弃"),
            "TOLD",
            "DECIDING",
            (System(),),
            "LicProc 44",
            event=events.STATEMENT_WAIVED,
            clocks=(End(STATEMENT),),
            opens=(DECIDE,),
            when_missed=STATEMENT,
        ),
        Transition(
            "report_hearing",
            _("提交听证报告"),
            "HEARING",
            "DECIDING",
            (HasRole(Role.LEGAL_REVIEWER),),
            "LicProc 44",
            guards=(steps.report_given,),
            effects=(steps.keep_report,),
            event=events.HEARING_REPORTED,
            clocks=(Resume(DECIDE_BY),),
            closes=(HEAR.kind,),
            opens=(DECIDE,),
            form="report_hearing",
            style="primary",
        ),
        Transition(
            "extend",
            _("延长决定期限"),
            ("VERIFYING", "TOLD", "DECIDING"),
            "",
            (HasRole(Role.BUREAU_LEADER),),
            "LicProc 45",
            event=events.EXTENDED,
            clocks=(Extend(DECIDE_BY),),
            reason_required=True,
        ),
        Transition(
            "rescind",
            _("撤销许可"),
            "DECIDING",
            "RESCINDED",
            (HasRole(Role.LIC_DECIDER),),
            "LicProc 46",
            guards=(steps.grant_stands, steps.decider_did_not_grant),
            effects=(steps.rescind,),
            event=events.RESCINDED,
            closes=(DECIDE.kind,),
            documents=(papers.DECISION,),
            result="RESCINDED",
            style="danger",
        ),
        Transition(
            "keep",
            _("不予撤销"),
            "DECIDING",
            "KEPT",
            (HasRole(Role.LIC_DECIDER),),
            "LicProc 47",
            guards=(steps.decider_did_not_grant,),
            effects=(steps.stamp,),
            event=events.GRANT_KEPT,
            closes=(DECIDE.kind,),
            reason_required=True,
            result="KEPT",
        ),
        Transition(
            "drop",
            _("查无撤销情形，终止"),
            ("FOUND", "VERIFYING", "TOLD", "HEARING", "DECIDING"),
            "DROPPED",
            (HasRole(Role.LIC_DECIDER), HasRole(Role.BUREAU_LEADER)),
            "LicProc 42",
            effects=(steps.stamp,),
            event=events.RESCISSION_DROPPED,
            reason_required=True,
            terminates=True,
        ),
    ),
)

registry.register(RESCISSION)

"""The course of an application for a seal, declared.

Source: 电子签名法 20 (who applies is identified, the information true), 国务院关于在线政务服务的若干规定 9. Terms are the
platform's own (unconfirmed).
"""

from django.utils.translation import gettext_lazy as _

from qipan.domains.seals import effects, events, guards
from qipan.domains.seals.models import SealApplication
from qipan.kernel.flow import registry
from qipan.kernel.flow.clock_steps import End, Start
from qipan.kernel.flow.declaration import OVERSIGHT, Flow, Order, Owner, State, Transition
from qipan.kernel.flow.predicates import Applicant, HasRole, System
from qipan.kernel.orgs.roles import Role

REVIEW = "seals.review"
ORDER = Order(REVIEW, _("审核印章申请"), Role.LIC_REVIEWER, due="Seal.review")
REVIEWER = (HasRole(Role.LIC_REVIEWER),)
ASKED = (
    guards.asked_by_legal_representative,
    guards.in_business,
    guards.no_seal_beside,
    guards.old_one_may_go,
    guards.name_is_known,
)

APPLICATION = Flow(
    code="seals.application",
    version=1,
    title=_("电子印章申请"),
    source="Esign",
    record=lambda case: SealApplication.objects.select_related("case__subject", "replaces", "seal").get(pk=case.pk),
    readers=(*OVERSIGHT, Role.LIC_RECEIVER, Role.LIC_DECIDER),
    opened_event=events.OPENED,
    states=(
        State("DRAFT", _("草稿"), Owner.APPLICANT, "start", private=True, no_clock=_("由申请人掌握")),
        State("REVIEW", _("待审核"), Role.LIC_REVIEWER, clock="Seal.review"),
        State("CORRECTION", _("待补正"), Owner.APPLICANT, "waiting", clock="Seal.supplement"),
        State("ISSUED", _("已制发"), kind="final"),
        State("REFUSED", _("不予制发"), kind="final"),
        State("WITHDRAWN", _("已撤回"), kind="final", exit=True),
    ),
    transitions=(
        Transition(
            "submit", _("提交申请"), "DRAFT", "REVIEW", (Applicant(),), "Esign 20",
            guards=ASKED, effects=(effects.tell_what,), event=events.SUBMITTED,
            clocks=(Start("Seal.review"),), opens=(ORDER,), style="primary",
        ),
        Transition(
            "correct", _("要求补正"), "REVIEW", "CORRECTION", REVIEWER, "Esign 20",
            effects=(effects.keep_correction,), event=events.RETURNED,
            clocks=(End("Seal.review"), Start("Seal.supplement")), closes=(REVIEW,), reason_required=True,
        ),
        Transition(
            "resubmit", _("补正后提交"), "CORRECTION", "REVIEW", (Applicant(),), "Esign 20",
            guards=ASKED, effects=(effects.tell_what,), event=events.SUBMITTED,
            clocks=(End("Seal.supplement"), Start("Seal.review")), opens=(ORDER,), style="primary",
        ),
        Transition(
            "grant", _("准予制发"), "REVIEW", "ISSUED", REVIEWER, "Esign 20;Esign 21",
            guards=(guards.in_business, guards.no_seal_beside, guards.old_one_may_go),
            effects=(effects.issue,), event=events.GRANTED,
            clocks=(End("Seal.review"),), closes=(REVIEW,), result="GRANTED", style="primary",
        ),
        Transition(
            "refuse", _("不予制发"), "REVIEW", "REFUSED", REVIEWER, "Esign 20",
            event=events.REFUSED, clocks=(End("Seal.review"),), closes=(REVIEW,), reason_required=True, style="danger",
        ),
        Transition(
            "withdraw", _("撤回申请"), ("DRAFT", "REVIEW", "CORRECTION"), "WITHDRAWN", (Applicant(),), "unconfirmed",
            event=events.WITHDRAWN, clocks=(End("Seal.review"), End("Seal.supplement")), closes=(REVIEW,),
            terminates=True,
        ),
        Transition(
            "lapse", _("逾期未补正"), "CORRECTION", "WITHDRAWN", (System(),), "unconfirmed",
            event=events.LAPSED, when_missed="Seal.supplement",
        ),
    ),
)  # fmt: skip

registry.register(APPLICATION)

"""The course of a matter that another authority decides: handed over with a receipt, answered, or withdrawn."""

from django.utils.translation import gettext_lazy as _

from qipan.domains.licensing import effects, events, guards, papers
from qipan.domains.licensing.handover import agencies
from qipan.domains.licensing.models import Application
from qipan.kernel.flow import registry
from qipan.kernel.flow.clock_steps import End, Start
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Flow, Owner, Refusal, State, Transition
from qipan.kernel.flow.predicates import Applicant, System
from qipan.kernel.items import queries as items
from qipan.kernel.subjects.models import Act


def agency_connected(context: Context) -> Refusal | None:
    """Nothing is taken in that cannot be passed on."""
    item = items.item(context.record.item_code)
    if item is None or agencies.of(item.agency) is None:
        title = agencies.title_of(item.agency) if item else ""
        return Refusal(_("还没有与%(agency)s接通，暂时不能转交。") % {"agency": title})
    return None


def send(context: Context) -> None:
    """Pass it on as soon as this is committed."""
    from qipan.domains.licensing.jobs import pass_on

    effects.stamp_submission(context)
    pass_on.defer(case_id=context.case.pk, key=f"hand:{context.case.pk}")


def keep_answer(context: Context) -> None:
    """The answer stands with the application, word for word; the case's result is the authority's."""
    row: Application = context.record
    row.answer = dict(context.data)
    row.save(update_fields=["answer"])
    context.case.result = str(context.data["result"])
    item = items.item(row.item_code)
    context.event_data |= {
        "agency": item.agency if item else "",
        "result": str(context.data["result"]),
        "number": str(context.data["number"]),
    }


HANDOVER = Flow(
    code="licensing.handover",
    version=1,
    title=_("转交其他部门办理的事项"),
    source="Licence 26",
    record=lambda case: Application.objects.select_related("case__subject").get(pk=case.pk),
    states=(
        State(
            "DRAFT", _("草稿"), Owner.APPLICANT, "start", private=True, no_clock=_("尚未提交，由申请人掌握")
        ),
        State("HANDED", _("已转交，等候部门答复"), Owner.SYSTEM, "waiting", clock="Handover.answer"),
        State("ANSWERED", _("部门已答复"), kind="final"),
        State("WITHDRAWN", _("已撤回"), kind="final", exit=True),
    ),
    transitions=(
        Transition(
            "submit",
            _("提交并转交"),
            "DRAFT",
            "HANDED",
            (Applicant(Act.SUBMIT),),
            "Licence 26",
            guards=(guards.form_complete, guards.subject_may_apply, agency_connected),
            effects=(effects.number_case, send),
            event=events.HANDED_OVER,
            clocks=(Start("Handover.answer"),),
            documents=(papers.matter("licensing.handover_receipt"),),
            style="primary",
        ),
        Transition(
            "answer",
            _("收到部门答复"),
            "HANDED",
            "ANSWERED",
            (System(),),
            "Licence 26",
            effects=(keep_answer,),
            event=events.AGENCY_ANSWERED,
            clocks=(End("Handover.answer"),),
        ),
        Transition(
            "discard",
            _("删除草稿"),
            "DRAFT",
            "WITHDRAWN",
            (Applicant(Act.FILL), System()),
            "unconfirmed",
            event=events.WITHDRAWN,
            terminates=True,
        ),
        Transition(
            "withdraw",
            _("撤回申请"),
            "HANDED",
            "WITHDRAWN",
            (Applicant(Act.WITHDRAW),),
            "LicProc 30",
            event=events.WITHDRAWN,
            terminates=True,
            style="danger",
        ),
    ),
)

registry.register(HANDOVER)

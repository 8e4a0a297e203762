"""What must hold before the steps of a rescission, and what they do."""

from django.utils.translation import gettext as _

from qipan.domains.licensing.ex_officio import announce_void
from qipan.domains.licensing.models import Application, Rescission
from qipan.kernel.flow.actions import take_number
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Refusal
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.models import RUNNING, GrantState

STANDING = {*RUNNING, GrantState.EXPIRED}


def _row(context: Context) -> Rescission:
    record: Rescission = context.record
    return record


def grant_stands(context: Context) -> Refusal | None:
    """Only a grant that has not ended otherwise is rescinded (LicProc 40)."""
    grant = _row(context).grant
    if grant.state in STANDING:
        return None
    return Refusal(
        _("证照 %(number)s 现为“%(state)s”，不存在撤销的问题。")
        % {"number": grant.number, "state": grant.get_state_display()}
    )


def _given(context: Context, field: str, refusal: str) -> Refusal | None:
    if context.probing or str(context.data.get(field, "")).strip():
        return None
    return Refusal(refusal, field)


def facts_given(context: Context) -> Refusal | None:
    """The holder is told the facts, the reasons and the basis (LicProc 43)."""
    return _given(context, "facts", _("请写明拟撤销的事实、理由和依据。"))


def statement_given(context: Context) -> Refusal | None:
    """A statement has content (LicProc 44)."""
    return _given(context, "statement", _("请填写陈述、申辩的内容。"))


def report_given(context: Context) -> Refusal | None:
    """A hearing ends with its report (LicProc 44)."""
    return _given(context, "report", _("请填写听证报告。"))


def decider_did_not_grant(context: Context) -> Refusal | None:
    """Who granted does not decide alone whether it was right (DOMAIN 1.2)."""
    from qipan.kernel.ledger import queries as ledger

    cases = list(
        Application.objects.filter(result_grant_id=_row(context).grant_id).values_list("pk", flat=True)
    )
    granted = {
        row.actor_id
        for row in ledger.of_records({"flow.case": cases})
        if row.name == "licensing.application.granted" and row.actor_kind == "staff"
    }
    if context.actor.user_id in granted:
        return Refusal(_("原许可由您决定，应由其他人员决定是否撤销。"))
    return None


def number_case(context: Context) -> None:
    """The number of the rescission: the bureau's code, the year and a sequence."""
    case = context.case
    if not case.number:
        district = orgs.district_of(case.org_path)
        series = f"{district.code}-CX-{today().year}"
        case.number = f"{series}-{take_number(series):04d}"


def keep_facts(context: Context) -> None:
    """What the holder is told."""
    row = _row(context)
    row.facts = str(context.data["facts"]).strip()[:4000]
    row.save(update_fields=["facts"])


def keep_statement(context: Context) -> None:
    """What the holder answers (LicProc 44: it is recorded)."""
    row = _row(context)
    row.statement = str(context.data["statement"]).strip()[:4000]
    row.save(update_fields=["statement"])


def keep_report(context: Context) -> None:
    """What the hearing came to."""
    row = _row(context)
    row.hearing_report = str(context.data["report"]).strip()[:8000]
    row.save(update_fields=["hearing_report"])


def stamp(context: Context) -> None:
    """When it was decided."""
    row = _row(context)
    row.decided_at = now()
    row.save(update_fields=["decided_at"])


def rescind(context: Context) -> None:
    """The grant ends, and the public is told that its certificate is void (LicProc 46, 52)."""
    stamp(context)
    row = _row(context)
    reason = str(row.get_ground_display())
    grant = subjects.set_grant_state(row.grant, GrantState.RESCINDED, context.actor, reason)
    context.event_data |= {"number": grant.number, "ground": row.ground}
    announce_void(grant, context.case, context.actor, str(_("撤销")), reason)

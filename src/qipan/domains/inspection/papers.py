"""The documents of an inspection and what stands in them (DOMAIN 9.2; Insp 33–35)."""

import base64
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from qipan.domains.inspection import record
from qipan.domains.inspection.models import Measure, Visit
from qipan.kernel.documents.models import Document
from qipan.kernel.evidence import queries as evidence
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Paper
from qipan.kernel.ledger.clock import chinese_date, now
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.subjects import queries as registry

REMEDIES = "如不服本通知，可以自收到本通知书之日起六十日内申请行政复议，或者在六个月内向人民法院提起行政诉讼（期限待确认）。"
CONSEQUENCE = "逾期未改正的，本机关将依法调查处理。"
#: Where each signature is kept in the paper.
SIGNERS = ("officer1", "officer2", "operator")


def district_path(context: Context) -> str:
    """The bureau in whose name an office acts."""
    return "/".join(context.case.org_path.split("/")[:2]) + "/"


def _moment(moment: Any) -> str:
    local = timezone.localtime(moment or now())
    return f"{chinese_date(local)}{local:%H:%M}"


def _day(day: Any) -> str:
    return chinese_date(day) if day else ""


def _officers(user_ids: list[int]) -> str:
    people = [orgs.staff_of(user) for user in user_ids]
    return "、".join(
        f"{person.user}（执法证号 {person.certificate_number or '—'}）" for person in people if person
    )


def _drawn(signatures: dict[str, str]) -> dict[str, str]:
    """Each signature as a picture in the paper; empty where there is none."""
    return {name: _svg(signatures.get(name, "")) for name in SIGNERS}


def _svg(token: str) -> str:
    content = evidence.content_of(token) if token else b""
    if not content:
        return ""
    data = base64.b64encode(content).decode()
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 360 144">'
        f'<image width="360" height="144" xlink:href="data:image/png;base64,{data}"/></svg>'
    )


def _common(context: Context) -> dict[str, Any]:
    row: Visit = context.record
    subject = context.case.subject
    return {
        "name": subject.name if subject else "",
        "uscc": registry.uscc_of(subject) if subject else "",
        "place": row.address or "—",
    }


def _signed_words(refused: bool, note: str, witness: str) -> str:
    if not refused:
        return str(_("被检查单位已签字确认。"))
    words = str(_("被检查单位拒绝签字。%(note)s")) % {"note": note}
    return words + (str(_("见证人：%(name)s。")) % {"name": witness} if witness else "")


def result_data(context: Context) -> dict[str, Any]:
    """监督检查结果记录表 (Insp 34, 35, 39)."""
    row: Visit = context.record
    found = record.concluded(row)
    handling = str(row.get_measure_display())
    if row.measure == Measure.BY_DATE and row.rectify_by:
        handling += str(_("，于%(day)s前改正")) % {"day": _day(row.rectify_by)}
    if row.affects_safety:
        handling += str(_("；影响食品安全，依法调查处理"))
    witness = row.witness.clear(["name"])["name"] if row.witness_id and row.witness else ""
    return {
        **_common(context),
        "licence_number": row.grant.number if row.grant else "",
        "kind": str(row.get_kind_display()),
        "checklist": record.checklist_of(row).title,
        "officers": _officers(row.officers),
        "inspected_on": _moment(row.begun_at),
        "key_checked": found.checked_key,
        "general_checked": found.checked_general,
        "key_failed": row.key_failed,
        "general_failed": row.general_failed,
        "conclusion": str(row.get_conclusion_display()),
        "handling": handling,
        "items": record.lines_of(record.failed_items(row), row),
        "note": row.note,
        "operator_label": str(_("见证人签字") if row.operator_refused else _("被检查单位签字")),
        "signed": _signed_words(row.operator_refused, row.refusal_note, witness),
        **_drawn({**row.signatures, **_as_operator(row)}),
    }


def _as_operator(row: Visit) -> dict[str, str]:
    witness = row.signatures.get("witness", "")
    return {"operator": witness} if row.operator_refused else {}


def order_data(context: Context) -> dict[str, Any]:
    """责令改正通知书 (Insp 33)."""
    row: Visit = context.record
    return {
        **_common(context),
        "inspected_on": _day(timezone.localtime(row.begun_at or now())),
        "items": row.rectification.items,
        "rectify_by": _day(row.rectify_by),
        "consequence": CONSEQUENCE,
        "remedies": REMEDIES,
    }


def _order_number(context: Context) -> str:
    order = Document.objects.filter(
        record_kind=context.case._meta.label_lower,
        record_id=context.case.pk,
        template__code="inspection.order",
    ).first()
    return order.number if order else "—"


def recheck_data(context: Context) -> dict[str, Any]:
    """整改复查记录 (Insp 33)."""
    row: Visit = context.record
    found = row.rectification
    words = {"YES": str(_("已改正")), "NO": str(_("未改正"))}
    items = [
        {
            **item,
            "found": words.get(str(found.found.get(item["code"], {}).get("answer")), "—"),
            "words": str(found.found.get(item["code"], {}).get("note", "")),
        }
        for item in found.items
    ]
    return {
        **_common(context),
        "officers": _officers(found.officers),
        "rechecked_on": _moment(found.rechecked_at),
        "order_number": _order_number(context),
        "rectify_by": _day(found.rectify_by),
        "report": found.report or "—",
        "items": items,
        "result": str(_("复查合格，已改正") if found.passed else _("复查不合格，未改正")),
        "signed": _signed_words(found.operator_refused, found.note, ""),
        **_drawn(found.signatures),
    }


def extension_data(context: Context) -> dict[str, Any]:
    """延长改正期限通知书; the law names no way to extend, so the order's own form is kept (Insp 33: in writing)."""
    found = context.record.rectification
    return {
        **_common(context),
        "order_number": _order_number(context),
        "ordered_on": _day(found.ordered_on),
        "first_by": _day(found.first_by),
        "rectify_by": _day(found.rectify_by),
        "reason": found.extension_reason,
        "consequence": CONSEQUENCE,
    }


#: What follows where an inspection could not be made.
FOLLOWS = {
    "unreachable": _lazy("通过登记的住所或者经营场所无法联系，提请核实并决定是否列入经营异常名录"),
    "closed_down": _lazy("已停止经营，结束本次检查"),
    "refuse": _lazy("拒绝、阻挠、干涉监督检查，移送调查处理"),
}


def exit_data(context: Context) -> dict[str, Any]:
    """监督检查现场情况记录: why an inspection could not be made (Insp 27, 49; Abn 9)."""
    row: Visit = context.record
    return {
        **_common(context),
        "licence_number": row.grant.number if row.grant else "",
        "kind": str(row.get_kind_display()),
        "officers": _officers(row.officers),
        "visited_on": _moment(now()),
        "begun": str(_("已出示执法证件并告知检查事项")) if row.begun_at else str(_("未能开始检查")),
        "outcome": str(context.transition.title),
        "facts": context.reason,
        "handling": str(FOLLOWS[context.transition.code]),
    }


RESULT = Paper("inspection.result", data=result_data, seal=district_path, at_once=True)
ORDER = Paper("inspection.order", data=order_data, seal=district_path, at_once=True)
RECHECK = Paper("inspection.recheck", data=recheck_data, seal=district_path, at_once=True)
EXTENSION = Paper("inspection.extension", data=extension_data, seal=district_path, at_once=True)
EXIT = Paper("inspection.exit", data=exit_data, seal=district_path, at_once=True)

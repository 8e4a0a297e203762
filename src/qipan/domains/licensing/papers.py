"""The documents of licensing: which step writes which, and with what data (LicProc 16, 22; FBL15 23)."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

from qipan.domains.licensing.facts import name_of
from qipan.domains.licensing.models import Application, Kind
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Paper
from qipan.kernel.forms import queries as forms
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.subjects import queries as registry

REMEDIES = str(
    _(
        "如不服本决定，可以自收到本决定书之日起六十日内申请行政复议，或者在六个月内向人民法院提起行政诉讼（期限待确认）。"
    )
)


def district_path(context: Context) -> str:
    """The bureau in whose name an office acts."""
    return orgs.district_of(context.case.org_path).path


def _common(context: Context) -> dict[str, Any]:
    row: Application = context.record
    subject = context.case.subject
    item = items.item(row.item_code)
    return {
        "applicant": subject.name if subject else "",
        "uscc": registry.uscc_of(subject) if subject else "",
        "item": item.name if item else row.item_code,
        "case_number": context.case.number,
        "submitted_on": _day(row.submitted_at),
        "place": row.premises.address if row.premises else (subject.domicile if subject else ""),
        "kind": str(row.get_kind_display()),
        "remedies": REMEDIES,
    }


def _day(moment: Any) -> str:
    from django.utils import timezone

    day = timezone.localtime(moment).date() if moment else today()
    return f"{day.year}年{day.month}月{day.day}日"


def _options(form_code: str, field: str, chosen: Any) -> str:
    form = forms.form(form_code).field(field)
    titles = {option.code: option.title for option in form.options} if form else {}
    values = chosen if isinstance(chosen, list) else [chosen]
    return "；".join(titles.get(str(value), str(value)) for value in values if value)


def certificate_data(context: Context) -> dict[str, Any]:
    """The fields of the licence (FBL15 23); the original and its copy carry the same."""
    if "certificate" not in context.shared:
        context.shared["certificate"] = _certificate_data(context)
    return dict(context.shared["certificate"])


def _certificate_data(context: Context) -> dict[str, Any]:
    row: Application = context.record
    subject, held = context.case.subject, row.result_grant
    if subject is None or held is None:
        raise ValueError("a certificate needs a subject and a grant")
    office = orgs.unit_at(context.case.org_path)
    data = held.data
    return {
        "licence_number": held.number,
        "name": subject.name,
        "uscc": registry.uscc_of(subject),
        "legal_rep": name_of(subject.legal_rep) or "—",
        "domicile": subject.domicile or "—",
        "premises": held.premises.address if held.premises else subject.domicile or "—",
        "main_format": _options("licensing.food_new", "main_format", data.get("main_format", "")) or "—",
        "items": _options("licensing.food_new", "items", data.get("items", [])) or "—",
        "marks": _options("licensing.food_new", "marks", data.get("marks", [])),
        "valid_from": _date(held.valid_from),
        "valid_to": _date(held.valid_to) if held.valid_to else "长期",
        "supervisor": office.name,
        "hotline": "12315",
        "issuer": orgs.unit_at(district_path(context)).name,
    }


def _date(day: Any) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def acceptance_data(context: Context) -> dict[str, Any]:
    """受理通知书 (LicProc 16)."""
    row: Application = context.record
    item = items.item(row.item_code)
    days = item.promise_days if item else 10
    return {**_common(context), "promise": f"{days}个工作日"}


def correction_data(context: Context) -> dict[str, Any]:
    """补正告知书 (LicProc 15)."""
    row: Application = context.record
    return {
        **_common(context),
        "points": "\n".join(f"{place}. {text}" for place, text in enumerate(row.correction, 1)),
    }


def reasons_data(context: Context) -> dict[str, Any]:
    """Decisions that give reasons (LicProc 15, 22, 31)."""
    return {**_common(context), "reasons": context.reason}


def grant_data(context: Context) -> dict[str, Any]:
    """准予行政许可决定书 (LicProc 22)."""
    row: Application = context.record
    held = row.result_grant
    lines = {
        Kind.RENEW: "准予延续，许可证编号不变，有效期自本决定之日起计算。",
        Kind.CHANGE: "准予变更，许可证编号和有效期不变。",
        Kind.REISSUE: "准予补办，内容与原证一致。",
        Kind.CANCEL: "准予注销，原许可证自本决定之日起失效。",
    }
    return {
        **_common(context),
        "licence_number": held.number if held else "",
        "decision": lines.get(Kind(row.kind), "准予许可。"),
        "by_rule": "本决定由系统依照公布的决策表作出，判定过程已存档。" if row.mode == "AUTO" else "",
    }


LICENSED = (Kind.NEW, Kind.RENEW, Kind.CHANGE, Kind.REISSUE)


def _is(*kinds: Kind) -> Callable[[Context], bool]:
    return lambda context: context.record.kind in kinds


def _sheet(
    template: str, data: Callable[[Context], dict[str, Any]], when: Callable[[Context], bool] | None = None
) -> Paper:
    # What a decision writes (it has conditions) is made by `issue_licence`, all together.
    return Paper(template, data=data, seal=district_path, when=when, own_job=when is None)


ACCEPTANCE = _sheet("licensing.acceptance", acceptance_data)
CORRECTION = _sheet("licensing.correction", correction_data)
NOT_ACCEPTED = _sheet("licensing.not_accepted", reasons_data)
REFUSAL = _sheet("licensing.refusal", reasons_data)
TERMINATION = _sheet("licensing.termination", reasons_data)
DECISION = (
    _sheet("licensing.decision", grant_data, when=_is(*LICENSED, Kind.CANCEL)),
    _sheet("licensing.certificate", certificate_data, when=_is(*LICENSED)),
    _sheet("licensing.certificate_copy", certificate_data, when=_is(*LICENSED)),
    _sheet("licensing.filing", certificate_data, when=_is(Kind.FILING)),
    _sheet("licensing.filing_cancelled", grant_data, when=_is(Kind.FILING_CANCEL)),
)

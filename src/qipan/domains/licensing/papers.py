"""The documents of licensing: which step writes which, and with what data (LicProc 16, 22; FBL15 23)."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

from qipan.domains.licensing.asking import form_of, rows_in_words, words_of
from qipan.domains.licensing.elicences.face import food_certificate
from qipan.domains.licensing.facts import name_of
from qipan.domains.licensing.handling import templates_of
from qipan.domains.licensing.handover import agencies
from qipan.domains.licensing.models import Application, Kind
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Paper
from qipan.kernel.forms.declaration import FormField
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import LicenceKind
from qipan.kernel.law.citations import Citation
from qipan.kernel.ledger.clock import chinese_date, today
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
        "applicant": subject.name if subject else str(row.answers.get("new_name", "")),
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

    return chinese_date(timezone.localtime(moment).date() if moment else today())


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
    held.subject = subject  # read already
    return food_certificate(held, context.case.org_path)


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


def matter_data(context: Context) -> dict[str, Any]:
    """The fields of any document of the general course: what was asked, by what law, and what came of it."""
    if "matter" not in context.shared:
        context.shared["matter"] = _matter_data(context)
    return {**context.shared["matter"], "reasons": context.reason}


def _matter_data(context: Context) -> dict[str, Any]:
    row: Application = context.record
    item, held = items.item(row.item_code), row.result_grant
    if item is None:
        raise ValueError(f"no item {row.item_code}")
    kind = items.licence_kind(item.licence) if item.licence else None
    district = orgs.unit_at(district_path(context))
    bases = [str(Citation.parse(basis)) for basis in item.bases]
    return {
        **_common(context),
        "basis": "、".join(bases[:2]) or f"{item.unconfirmed}（待确认）",
        "promise": f"{max(item.promise_days, 1)}个工作日",
        "points": "\n".join(f"{place}. {text}" for place, text in enumerate(row.correction, 1)),
        "licence_title": kind.title if kind else "",
        "licence_number": held.number if held else context.case.number,
        "decision": _decided(row, kind.title if kind else ""),
        "by_rule": "本决定由系统依照公布的决策表作出，判定过程已存档。" if row.mode == "AUTO" else "",
        "name": context.case.subject.name if context.case.subject else "",
        "rows": _faces(context, row, kind),
        "legal_rep": (name_of(context.case.subject.legal_rep) if context.case.subject else "") or "—",
        "domicile": (context.case.subject.domicile if context.case.subject else "") or "—",
        "premises": row.premises.address if row.premises else "—",
        "valid_from": chinese_date(held.valid_from) if held else "",
        "valid_to": (chinese_date(held.valid_to) if held.valid_to else "长期") if held else "",
        "supervisor": orgs.unit_at(context.case.org_path).name,
        "hotline": "12315",
        "agency": agencies.title_of(item.agency) if item.agency else "",
        "issuer": item.authority if item.authority.startswith("深圳市") else district.name,
    }


def _decided(row: Application, title: str) -> str:
    """The operative words of the decision."""
    words = {
        Kind.NEW: f"准予许可，颁发{title}。",
        Kind.FILING: "予以备案。",
        Kind.FILING_CHANGE: "予以变更备案，备案编号不变。",
        Kind.FILING_CANCEL: "注销备案，原备案自本通知之日起失效。",
        Kind.RENEW: "准予延续，证照编号不变。",
        Kind.CHANGE: "准予变更，证照编号和有效期不变。",
        Kind.REISSUE: "准予补办，内容与原证一致。",
        Kind.CANCEL: "准予注销，原证自本决定之日起失效。",
        Kind.SUSPEND: "准予停用，停用期间不得使用。",
        Kind.RESTORE: "准予启用。",
        Kind.REGISTER: "准予设立登记，签发营业执照。",
        Kind.ALTER: "准予变更登记。",
        Kind.STATUS: "准予登记。",
        Kind.UNLIST: "移出名录，并停止公示。",
    }
    return words.get(Kind(row.kind), "已办理完毕。")


def _faces(context: Context, row: Application, kind: LicenceKind | None) -> list[list[str]]:
    """The lines of the certificate; of an answer, what the form says."""
    subject = context.case.subject
    held = row.result_grant.data if row.result_grant else row.values
    about = {
        "name": subject.name if subject else "",
        "uscc": registry.uscc_of(subject) if subject else "",
        "rep": name_of(subject.legal_rep) if subject else "",
        "domicile": subject.domicile if subject else "",
        "place": row.premises.address if row.premises else (subject.domicile if subject else ""),
    }
    form = form_of(row)
    if kind is None:
        faces = [(field.code, field.title) for field in form.fields if _shown(field)]
        faces += [(group.code, group.title) for group in form.groups]
    else:
        faces = [(face["field"], face["title"]) for face in kind.faces]
    lines = []
    for code, title in faces:
        value = held.get(code) or about.get(code) or row.values.get(code)
        if value not in (None, "", [], False):
            group = form.group(code)
            said = rows_in_words(group, value) if group else words_of(form.field(code), value)
            lines.append([title, said])
    return lines


def _shown(field: FormField) -> bool:
    return (
        not field.personal and field.kind not in {"file", "bool"} and not field.element.startswith("subject.")
    )


def seal_path(context: Context) -> str:
    """Whose seal an item's document gets: the city bureau's where it decides, else the district's."""
    item = items.item(context.record.item_code)
    if item is not None and item.authority.startswith("深圳市"):
        return orgs.paths_upward(context.case.org_path)[-1]
    return district_path(context)


def matter(template: str) -> Paper:
    """A sheet of the general course."""
    return Paper(template, data=matter_data, seal=seal_path)


def outcomes(context: Context) -> list[str]:
    """The documents that the case's item ends in."""
    item = items.item(context.record.item_code)
    return templates_of(item) if item is not None else []


def _outcome(place: int) -> Paper:
    return Paper(
        lambda context: outcomes(context)[place],
        data=matter_data,
        seal=seal_path,
        when=lambda context: len(outcomes(context)) > place,
        own_job=False,
    )


#: What an item ends in, as its row says; at most three.
OUTCOMES = (_outcome(0), _outcome(1), _outcome(2))

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

"""The conditions of an item as an officer goes through them, and the opinion that comes of it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from qipan.domains.licensing.models import Application, CheckConclusion
from qipan.domains.licensing.reviewing.comparing import differences
from qipan.kernel.items import queries as items
from qipan.kernel.law.citations import Citation

MET, UNMET = "YES", "NO"
VERDICTS = {MET: gettext_noop("符合"), UNMET: gettext_noop("不符合")}


def conditions_of(row: Application) -> list[dict[str, str]]:
    """The conditions of the item that is applied for: text, article (or why it is unconfirmed), verdict where given."""
    item = items.item(row.item_code)
    given = {one["text"]: one["met"] for one in row.findings}
    return [
        {
            "text": str(one["text"]),
            "source": str(one.get("source") or ""),
            "unconfirmed": str(one.get("unconfirmed") or ""),
            "met": given.get(str(one["text"]), ""),
        }
        for one in (item.conditions if item else [])
    ]


def judged(row: Application, verdicts: Mapping[str, str]) -> list[dict[str, str]]:
    """The conditions with the verdicts that were given by their number; "" where none was."""
    return [
        {**one, "met": verdict if (verdict := str(verdicts.get(str(place), ""))) in VERDICTS else ""}
        for place, one in enumerate(conditions_of(row))
    ]


@override("zh-hans")  # an opinion is a record, whatever language the officer works in
def drafted(row: Application, verdicts: Mapping[str, str]) -> str:
    """A draft opinion: conditions with article and verdict, what differs, why the rules left it to a person, the check."""
    subject, item = row.case.subject, items.item(row.item_code)
    parts = [
        _("经审查，%(who)s申请“%(item)s”（%(number)s）：")
        % {
            "who": subject.name if subject else _("申请人"),
            "item": item.name if item else row.item_code,
            "number": row.case.number,
        }
    ]
    looked_at = judged(row, verdicts)
    lines = [
        f"{place}. {one['text']}{_basis(one['source'])}：{_verdict(one['met'])}。"
        for place, one in enumerate(looked_at, 1)
    ]
    sections = [(_("许可条件"), lines)] if lines else []
    differing = [
        _("%(title)s：申请“%(answered)s”，登记“%(register)s”，证照“%(licence)s”。")
        % {
            "title": one.title,
            "answered": one.answered or "—",
            "register": one.register or "—",
            "licence": one.licence or "—",
        }
        for one in differences(row)
    ]
    sections.append((_("与登记信息和电子证照核对"), differing or [_("未发现不一致。")]))
    if row.mode_reasons:
        sections.append((_("未自动准予的原因"), [f"{reason}。" for reason in row.mode_reasons]))
    if visit := _visit(row):
        sections.append((_("现场核查"), [visit]))
    for place, (heading, said) in enumerate(sections, 1):
        parts.append(f"{_number(place)}、{heading}\n" + "\n".join(said))
    parts.append(_advice(row, looked_at))
    return "\n".join(parts)[:2000]


def _basis(source: str) -> str:
    try:
        return f"（{Citation.parse(source)}）" if source else ""
    except ValueError:
        return ""


def _verdict(met: str) -> str:
    return str(_(VERDICTS[met])) if met else _("待核实")


def _number(place: int) -> str:
    return "一二三四五六"[place - 1]


def _visit(row: Application) -> str:
    check = row.checks.exclude(conclusion="").order_by("-round").first()
    if check is None:
        return ""
    return _("第 %(round)d 次现场核查结论为“%(conclusion)s”。") % {
        "round": check.round,
        "conclusion": check.get_conclusion_display(),
    }


def _advice(row: Application, looked_at: list[dict[str, str]]) -> str:
    if any(one["met"] == UNMET for one in looked_at):
        return _("上述不符合的条件，建议不予办理。")
    if row.checks.filter(conclusion=CheckConclusion.FAIL).exists():
        return _("现场核查不符合，建议不予办理。")
    if all(one["met"] == MET for one in looked_at):
        return _("符合法定条件，建议准予。")
    return _("待核实的条件核实后提出意见。")


def parse(post: Mapping[str, Any]) -> dict[str, str]:
    """The verdicts of a posted form by the number of their condition."""
    return {
        name.removeprefix("condition-"): str(post[name])
        for name in post
        if name.startswith("condition-") and name.removeprefix("condition-").isdecimal()
    }

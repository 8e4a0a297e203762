"""What the codes are called that tables of licensing look at."""

from django.utils.translation import gettext_lazy as _

from qipan.domains.licensing.models import Kind
from qipan.kernel.decisions.wording import Names
from qipan.kernel.items import queries as items
from qipan.kernel.subjects.models import GrantState, Status, SubjectType


def _kind(code: str) -> str | None:
    kind = items.licence_kind(code)
    return kind.title if kind else None


def _item(code: str) -> str | None:
    item = items.item(code)
    return item.name if item else None


VALUES: dict[str, Names] = {
    "grant_kind": _kind,
    "grant_item": _item,
    "subject_status": dict(Status.choices),
    "subject_type": dict(SubjectType.choices),
    "grant_state": dict(GrantState.choices),
    "kind": dict(Kind.choices),
    "handling": dict(Kind.choices),
    "last_conclusion": {
        "NONE": _("没有检查过"),
        "CONFORM": _("符合"),
        "BASIC": _("基本符合"),
        "NONCONFORM": _("不符合"),
    },
    "cause": {
        "LOST": _("遗失"),
        "DAMAGED": _("毁坏"),
        "MORE": _("增加副本"),
        "FEWER": _("减少副本"),
    },
    "usage": {
        "TRADE": _("贸易结算"),
        "SAFETY": _("安全防护"),
        "MEDICAL": _("医疗卫生"),
        "ENVIRONMENT": _("环境监测"),
    },
    "result": {"GRANT": _("自动准予"), "PERSON": _("转由工作人员办理")},
}

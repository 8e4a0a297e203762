"""What the codes are called that tables of licensing look at."""

from functools import partial

from django.utils.translation import gettext_lazy as _

from qipan.domains.licensing.facts import CONCLUSIONS
from qipan.domains.licensing.models import Kind
from qipan.kernel.decisions.wording import Names
from qipan.kernel.forms import queries as forms
from qipan.kernel.items import queries as items
from qipan.kernel.subjects.models import GrantState, Status, SubjectType


def _kind(code: str) -> str | None:
    kind = items.licence_kind(code)
    return kind.title if kind else None


def _item(code: str) -> str | None:
    item = items.item(code)
    return item.name if item else None


def _option(form: str, field: str, code: str) -> str | None:
    """What a form calls the answer."""
    try:
        options = forms.form(form).field(field).options or ()
    except LookupError:
        return None
    return next((one.title for one in options if one.code == code), None)


VALUES: dict[str, Names] = {
    "grant_kind": _kind,
    "grant_item": _item,
    "subject_status": dict(Status.choices),
    "subject_type": dict(SubjectType.choices),
    "grant_state": dict(GrantState.choices),
    "kind": dict(Kind.choices),
    "handling": dict(Kind.choices),
    "last_conclusion": {"NONE": _("没有检查过")} | {code: title for title, code in CONCLUSIONS.items()},
    "cause": partial(_option, "licensing.licence_copy", "cause"),
    "usage": partial(_option, "licensing.instruments", "usage"),
    "result": {"GRANT": _("自动准予"), "PERSON": _("转由工作人员办理")},
}

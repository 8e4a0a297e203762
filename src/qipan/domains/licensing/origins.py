"""Where an answer that nobody typed came from, and what to do when it is wrong (Online 7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from qipan.domains.licensing.asking import words_of
from qipan.domains.licensing.models import Application
from qipan.kernel.forms.declaration import FormField, FormRow
from qipan.kernel.items import queries as items
from qipan.kernel.law.saying import said


@dataclass(frozen=True)
class Known:
    """An answer that is known: its source in words, what to do when it is wrong, and where."""

    title: str
    words: str
    source: str
    remedy: str
    address: str


def of_known(row: Application, form: FormRow) -> list[Known]:
    """What the platform filled in and does not ask, in the order of the form."""
    fields = [field for field in form.fields if field.code in row.known]
    change = items.change_of(row.grant.kind) if row.grant is not None and fields else None
    return [_known(row, field, change.code if change else "") for field in fields]


def _known(row: Application, field: FormField, change: str) -> Known:
    words = words_of(field, row.known[field.code])
    room = field.element.partition(".")[0]
    if room == "item":
        return Known(field.title, words, _("由所选事项确定"), _("不对的，请改选事项"), reverse("items"))
    if room == "subject":
        address = f"{reverse('items')}?{urlencode({'q': _('变更登记')})}"
        return Known(field.title, words, _("来自登记信息"), _("不对的，请先办理变更登记"), address)
    if row.grant is not None:
        source = _("来自《%(title)s》%(number)s") % {
            "title": said(row.grant.title),
            "number": row.grant.number,
        }
        address = reverse("item", args=[change]) if change else ""
        return Known(field.title, words, source, _("不对的，请先办理证照变更"), address)
    return Known(field.title, words, _("平台已有"), "", "")


def of_account(own: Mapping[str, Any]) -> dict[str, str]:
    """Of a draft that nobody saved yet: what stands in it from the account of who began it."""
    source = str(_("来自您的账户，可以修改"))
    return {code: source for code, value in own.items() if value}

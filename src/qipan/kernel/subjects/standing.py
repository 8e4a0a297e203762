"""How a grant stands on a day, and a file of it: derived, so that no job has to have run before the answer is right."""

import datetime
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from qipan.kernel.ledger.clock import today
from qipan.kernel.subjects.models import RUNNING, Certificate, Grant, GrantState, Status
from qipan.kernel.subjects.statuses import GONE

SUPERSEDED = "SUPERSEDED"


@dataclass(frozen=True)
class Standing:
    """`code` is a GrantState, or SUPERSEDED for a file that a newer one has taken the place of; in words for people."""

    code: str
    title: str
    text: str
    grant: Grant

    @property
    def good(self) -> bool:
        """Whether it may be relied on today."""
        return self.code == GrantState.VALID


def standing(grant: Grant, on: datetime.date | None = None) -> Standing:
    """How a grant stands on a day; one whose holder is gone has ended with it (LicProc 49 (3))."""
    code = grant.state_on(on or today())
    if code in RUNNING and grant.subject.status in GONE:
        text = (
            _("持证主体的登记已被撤销，证照随之失效，不能再使用。")
            if grant.subject.status == Status.ANNULLED
            else _("持证主体已经注销，证照随之失效，不能再使用。")
        )
        return Standing(GrantState.CANCELLED.value, str(GrantState.CANCELLED.label), text, grant)
    return Standing(code, str(GrantState(code).label), _words(grant, code), grant)


def _words(grant: Grant, code: str) -> str:
    until = grant.valid_to.isoformat() if grant.valid_to else ""
    words = {
        "VALID": _("证照有效，有效期至 %(day)s。") if until else _("证照有效，长期。"),
        "EXPIRED": _("证照的有效期已于 %(day)s 届满，没有延续，不能再使用。"),
        "SUSPENDED": _("证照已暂停（停用），恢复之前不能使用。"),
        "REVOKED": _("证照已被吊销，不能再使用。"),
        "RESCINDED": _("许可已被撤销，证照不能再使用。"),
        "WITHDRAWN": _("许可已被撤回，证照不能再使用。"),
        "CANCELLED": _("证照已注销，不能再使用。"),
    }
    return words[code] % {"day": until}


def standing_of_file(document_id: int, on: datetime.date | None = None) -> Standing | None:
    """How the grant stands of which a document is a file; SUPERSEDED for one that is not of its newest issue.

    None for a document that is no licence. What ended the grant goes before what came after the file.
    """
    row = Certificate.objects.select_related("grant__subject").filter(document_id=document_id).first()
    if row is None:
        return None
    now = standing(row.grant, on)
    newer = Certificate.objects.filter(grant=row.grant, issue__gt=row.issue).order_by("issue").first()
    if not now.good or newer is None:
        return now
    text = _(
        "这是旧的证照文件：证照在 %(day)s 变更、延续或者补发后另有新的文件。请向持证人索取新的文件，或者请其当面亮证。"
    ) % {"day": timezone.localtime(newer.at).date().isoformat()}
    return Standing(SUPERSEDED, _("已换发"), text, row.grant)

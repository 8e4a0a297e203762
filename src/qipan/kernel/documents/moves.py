"""The life of a seal, declared: from which state it may come into which, and by which article."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from qipan.kernel.documents.models import SealState as S


@dataclass(frozen=True)
class Move:
    """One step in the life of a seal; `law` is a citation or says that a person must confirm it."""

    code: str
    title: str | Promise
    sources: tuple[S, ...]
    target: S
    law: str
    reason_required: bool = True


MOVES = {
    move.code: move
    for move in (
        # The one who signs has the data under control alone from here on (Esign 13).
        Move("activate", _("激活印章"), (S.ISSUED,), S.ACTIVE, "Esign 13", reason_required=False),
        Move("suspend", _("停用印章"), (S.ACTIVE,), S.SUSPENDED, "unconfirmed"),
        Move("resume", _("恢复使用"), (S.SUSPENDED,), S.ACTIVE, "unconfirmed"),
        # Known or possibly lost signing data is never used again: no way leads back from here (Esign 15).
        Move("report_lost", _("挂失印章"), (S.ISSUED, S.ACTIVE, S.SUSPENDED), S.LOST, "Esign 15"),
        Move("revoke", _("注销印章"), (S.ISSUED, S.ACTIVE, S.SUSPENDED, S.LOST), S.REVOKED, "unconfirmed"),
        Move(
            "replace",
            _("换发印章"),
            (S.ACTIVE, S.SUSPENDED, S.LOST),
            S.REPLACED,
            "unconfirmed",
            reason_required=False,
        ),
    )
}
"""By code. What leads to REVOKED and REPLACED ends a seal; files sealed before stay as they were."""


def leaving(state: str) -> list[Move]:
    """The moves that may be made from a state."""
    return [move for move in MOVES.values() if state in move.sources]

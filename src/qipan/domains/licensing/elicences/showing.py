"""Showing a licence (亮证): a signed code for one minute, and what its scan tells.

A code names one showing of one licence and the second it was made; it proves nothing else and is good for nothing
else. In the page it is renewed while it is shown, so that a picture of it is worth nothing a minute later.
"""

import secrets
from dataclasses import dataclass

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _

from qipan.domains.licensing.elicences import events
from qipan.kernel.accounts import limits
from qipan.kernel.accounts.limits import Rate
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Mandate, Reader
from qipan.kernel.subjects.models import Act, Grant
from qipan.kernel.subjects.standing import Standing, standing

SECONDS = 60
RENEW = 45
AHEAD = 5
SALT = "qipan.licence.showing"
SHOWINGS = Rate(30, 60)
CODES = Rate(60, 60)


def holders(reader: Reader) -> frozenset[int]:
    """The businesses whose licences the reader may look at and show: those represented, those of a mandate to receive
    licences that is not for single items."""
    return reader.subject_ids | {one.subject_id for one in _receiving(reader)}


def _receiving(reader: Reader) -> list[Mandate]:
    return [one for one in reader.mandates if one.covers(Act.RECEIVE) and not one.items]


@transaction.atomic
def begin(grant: Grant, reader: Reader) -> str:
    """Begin to show a licence; returns the showing's number. Refuses a stranger, and a licence that is not in force."""
    if grant.subject_id not in holders(reader):
        raise Refused(_("您不是持证主体的代表人或者代理人，不能出示这张证照。"), code="forbidden")
    held = standing(grant)
    if not held.good:
        raise Refused(_("不能亮证：%(why)s") % {"why": held.text}, code="state")
    if not limits.take(f"licence:show:{reader.user_id}", SHOWINGS):
        raise Refused(_("亮证过于频繁，请过一分钟再试。"), code="state")
    showing = secrets.token_hex(6)
    append(
        events.SHOWN,
        grant,
        reader.actor(
            subject_id=grant.subject_id,
            under=next((one for one in _receiving(reader) if one.subject_id == grant.subject_id), None),
        ),
        data={"number": grant.number, "showing": showing},
    )
    return showing


def code_of(grant: Grant, showing: str) -> str:
    """The code of a showing, good from now for a minute."""
    return signing.Signer(salt=SALT, sep=".").sign(f"{grant.pk:x}-{showing}-{int(now().timestamp()):x}")


@dataclass(frozen=True)
class Scan:
    """What a scanned code tells: `outcome` is SHOWN, LATE (a picture of it, or sent on) or FORGED."""

    outcome: str
    showing: str = ""
    standing: Standing | None = None
    seconds: int = 0


@transaction.atomic
def scan(code: str, reader: Reader) -> Scan:
    """Read a code that somebody scanned, and enter the scan in the ledger; a forged one names no licence to enter it at."""
    try:
        number, showing, moment = signing.Signer(salt=SALT, sep=".").unsign(code).split("-")
        grant_id, made = int(number, 16), int(moment, 16)
    except (signing.BadSignature, ValueError):
        return Scan("FORGED")
    grant = Grant.objects.select_related("subject__legal_rep", "premises").filter(pk=grant_id).first()
    if grant is None:
        return Scan("FORGED")
    age = int(now().timestamp()) - made
    outcome = "SHOWN" if -AHEAD <= age <= SECONDS else "LATE"
    append(
        events.SCANNED,
        grant,
        reader.actor() if reader.user_id else Actor("public"),
        data={
            "number": grant.number,
            "showing": showing,
            "outcome": outcome,
            "staff": reader.kind == "staff",
        },
    )
    return Scan(outcome, showing, standing(grant), max(SECONDS - age, 0))

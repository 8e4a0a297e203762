"""The second factor by code: TOTP (RFC 6238) and recovery codes, each code good for one use.

The check stands here and not in the sign-in library, because that one marks used codes in a cache of one process:
with two processes a code could be used twice. Here the last accepted step stands in the row, under its lock.
"""

import hashlib
import hmac
import struct
import time
from base64 import b32decode
from typing import TYPE_CHECKING

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt
from django.db import transaction

if TYPE_CHECKING:
    from qipan.kernel.accounts.models import User

PERIOD = 30
DRIFT = 1
LAST_STEP = "last_step"


def code_at(secret: str, step: int) -> str:
    """The six digits of a base32 secret for a time step (RFC 4226 with SHA-1)."""
    digest = hmac.new(b32decode(secret, casefold=True), struct.pack(">Q", step), hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def step_now() -> int:
    """The present time step. By the machine's own clock: the authenticator in a hand knows no other."""
    return int(time.time()) // PERIOD


def accepted_step(secret: str, code: str, after: int = -1) -> int | None:
    """The time step (one before to one after the present) whose code this is and that lies after `after`."""
    typed = "".join(sign for sign in code if sign.isdigit())
    for step in range(step_now() - DRIFT, step_now() + DRIFT + 1):
        if step > after and hmac.compare_digest(code_at(secret, step).encode(), typed.encode()):
            return step
    return None


@transaction.atomic
def use_code(user: "User", code: str) -> Authenticator | None:
    """The factor for which this code is right and unused, which it is no longer after this call; else None."""
    rows = Authenticator.objects.select_for_update().filter(user=user)
    for factor in rows.exclude(type=Authenticator.Type.WEBAUTHN).order_by("-type"):
        factor.user = user
        if factor.type == Authenticator.Type.TOTP:
            step = accepted_step(decrypt(factor.data["secret"]), code, factor.data.get(LAST_STEP, -1))
            if step is not None:
                factor.data[LAST_STEP] = step
                factor.save(update_fields=["data"])
                return factor
        elif factor.wrap().validate_code(code):
            return factor
    return None


def usable_code(user: "User") -> tuple[str, int] | None:
    """The next code that would be accepted, and for how many seconds: for the sign-in page of the demo only.

    None where the account is no demo account, has no TOTP, or its codes up to the next step are used.
    """
    factor = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()
    if not user.is_demo or factor is None:
        return None
    step = max(step_now(), factor.data.get(LAST_STEP, -1) + 1)
    if step > step_now() + DRIFT:
        return None
    return code_at(decrypt(factor.data["secret"]), step), (step + DRIFT + 1) * PERIOD - int(time.time())

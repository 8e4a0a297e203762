"""How often a program may call: by account where it is signed in, by address where it is not."""

import math

from django.http import HttpRequest
from ninja.throttling import BaseThrottle

from qipan.kernel.accounts import limits
from qipan.kernel.accounts.limits import Rate
from qipan.ui.signin.address import client_address


class Bucket(BaseThrottle):
    """One bucket an account (whatever the number of its tokens), or one an address; shared by every process."""

    def __init__(self, name: str, account: Rate, address: Rate) -> None:
        self.name, self.account, self.address = name, account, address

    def allow_request(self, request: HttpRequest) -> bool:
        reader = request.reader  # type: ignore[attr-defined]
        if reader.user_id is not None:
            return limits.take(f"{self.name}:user:{reader.user_id}", self.account)
        return limits.take(f"{self.name}:ip:{client_address(request)}", self.address)

    def wait(self) -> float:
        return math.ceil(max(rate.seconds / rate.burst for rate in (self.account, self.address)))


USUAL = Bucket("api", limits.API_ACCOUNT, limits.API_ADDRESS)
"""Every operation that names no other."""

VERIFY = Bucket("verify", limits.VERIFY, limits.VERIFY)
"""Verification, where codes could be guessed at."""

"""How often a program may call: by account where it is signed in, by address where it is not."""

import math
from dataclasses import dataclass

from django.http import HttpRequest
from ninja.throttling import BaseThrottle

from qipan.kernel.accounts import limits
from qipan.kernel.accounts.limits import Rate
from qipan.ui.signin.address import client_address


@dataclass(frozen=True)
class Allowance:
    """What is left of a rate after a call, as it is told to the program."""

    rate: Rate
    left: int

    def headers(self) -> dict[str, str]:
        """`RateLimit-Limit`, `-Remaining`, and `-Reset`: the seconds until the bucket is full again."""
        missing = (self.rate.burst - self.left) * self.rate.seconds / self.rate.burst
        return {
            "RateLimit-Limit": str(self.rate.burst),
            "RateLimit-Remaining": str(self.left),
            "RateLimit-Reset": str(math.ceil(missing)),
            "RateLimit-Policy": f"{self.rate.burst};w={math.ceil(self.rate.seconds)}",
        }


class Bucket(BaseThrottle):
    """One bucket an account (whatever the number of its tokens), or one an address; shared by every process.

    The key of a system has the rate that its owner set.
    """

    def __init__(self, name: str, account: Rate, address: Rate) -> None:
        self.name, self.account, self.address = name, account, address

    def allow_request(self, request: HttpRequest) -> bool:
        reader = request.reader  # type: ignore[attr-defined]
        token = getattr(request, "token", None)
        if token is not None and token.per_minute:
            key, rate = f"{self.name}:user:{reader.user_id}", Rate(token.per_minute, 60)
        elif reader.user_id is not None:
            key, rate = f"{self.name}:user:{reader.user_id}", self.account
        else:
            key, rate = f"{self.name}:ip:{client_address(request)}", self.address
        left = limits.left(key, rate)
        request.allowance = Allowance(rate, left or 0)  # type: ignore[attr-defined]
        return left is not None

    def wait(self) -> float:
        return math.ceil(max(rate.seconds / rate.burst for rate in (self.account, self.address)))


USUAL = Bucket("api", limits.API_ACCOUNT, limits.API_ADDRESS)
"""Every operation that names no other."""

VERIFY = Bucket("verify", limits.VERIFY, limits.VERIFY)
"""Verification, where codes could be guessed at."""

"""What an action says when it will not do what was asked: always in words for the person who asked."""

from typing import Any, Literal

from django.utils.functional import Promise

RefusalCode = Literal["invalid", "not_found", "forbidden", "conflict", "state", "stale"]


class Refused(Exception):
    """An act that is refused: `message` says what was wrong and what to do, `field` where, `details` the rest."""

    def __init__(
        self,
        message: str | Promise,
        *,
        code: RefusalCode = "invalid",
        field: str = "",
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(str(message))
        self.message = message
        self.code = code
        self.field = field
        self.details = details or {}

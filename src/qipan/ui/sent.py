"""What an address or a form sent, read as what it should be; None where it is no such thing."""

import datetime
import uuid as uuids

from django.utils.translation import gettext as _

from qipan.kernel.ledger.errors import Refused


def whole(text: str, most: int = 2**63 - 1) -> int | None:
    """A whole number from 0 to `most`, in ASCII digits."""
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        return None
    number = int(text)
    return number if number <= most else None


def identifier(text: str) -> uuids.UUID | None:
    """A UUID, in any spelling."""
    try:
        return uuids.UUID(text)
    except ValueError:
        return None


def form_key(text: str) -> uuids.UUID:
    """The number under which a form is sent: the same for the same form, a new one for what is none."""
    return identifier(text) or uuids.uuid4()


def day(text: str, field: str) -> datetime.date | None:
    """A day; None where nothing was filled in. Refuses what is no day, at its field."""
    try:
        return datetime.date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise Refused(_("日期不能识别，请按 2026-12-31 的样子填写。"), field=field) from None

"""From when until when a licence is renewed, by the law of its kind (DOMAIN 3.2)."""

import datetime

from qipan.kernel.law import terms

#: The rules of the first and last day, by kind of licence; the second is the general rule of 行政许可法.
FIRST = {"JY": "FBL23.renew_from"}
LAST = {"JY": "FBL23.renew_until", "SC": "FPL.renew_until"}
GENERAL_FIRST, GENERAL_LAST = "FBL23.renew_from", "Licence50.renew_until"
#: No window begins earlier than so many days before the end.
WIDEST = datetime.timedelta(days=190)


def window(kind: str, ends: datetime.date) -> tuple[datetime.date, datetime.date]:
    """The first and the last day on which a renewal is asked for in time."""
    first = terms.due(FIRST.get(kind, GENERAL_FIRST), ends).due_on
    last = terms.due(LAST.get(kind, GENERAL_LAST), ends).due_on
    assert first is not None and last is not None
    return first, last

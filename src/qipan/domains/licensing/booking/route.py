"""A day's visits in the order of the way: from the first one each time to the nearest that is left."""

import math
from collections.abc import Sequence

from qipan.domains.licensing.booking.models import Booking

#: Where a position is not known: farther than anything in the city, in degrees.
UNKNOWN = 9.0


def ordered(bookings: Sequence[Booking]) -> list[Booking]:
    """From the earliest visit on, each time the nearest place that is left; without positions by street and address."""
    left = sorted(bookings, key=lambda one: (one.starts_at, _address(one)))
    found = left[:1]
    left = left[1:]
    while left:
        last = found[-1]
        nearest = min(left, key=lambda one: (_away(last, one), _address(one), one.starts_at))
        left.remove(nearest)
        found.append(nearest)
    return found


def _address(booking: Booking) -> tuple[str, str]:
    place = booking.case.premises
    return (place.street, place.address) if place else ("", "")


def _away(one: Booking, other: Booking) -> float:
    """How far apart two places are, in degrees; the same street is near where positions are not known."""
    first, second = one.case.premises, other.case.premises
    if first is None or second is None:
        return UNKNOWN
    x = first.longitude, second.longitude
    y = first.latitude, second.latitude
    if x[0] is None or x[1] is None or y[0] is None or y[1] is None:
        return UNKNOWN / 2 if first.street and first.street == second.street else UNKNOWN
    return math.hypot(float(x[0] - x[1]), float(y[0] - y[1]))

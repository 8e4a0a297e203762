"""Addresses by district and sub-district (区、街道): the choices, and taking an address apart and together.

An address is kept as people write it, `深圳市福田区园岭街道红荔路 1 号`; the parts are found in it again.
"""

from dataclasses import dataclass

from qipan.kernel.orgs.models import Level, Street, Unit

CITY_SIGN = "市"


@dataclass(frozen=True)
class Area:
    """A district with its sub-districts."""

    name: str
    streets: tuple[str, ...]


@dataclass(frozen=True)
class Parts:
    """An address taken apart; `area` and `street` are empty where it names none of the city's."""

    area: str
    street: str
    detail: str

    @property
    def place(self) -> str:
        """District and sub-district as one choice."""
        return f"{self.area}/{self.street}" if self.street else ""


def city() -> str:
    """What addresses of the city begin with: 深圳市."""
    top = Unit.objects.filter(level=Level.CITY).order_by("path").values_list("name", flat=True).first() or ""
    name, sign, _rest = top.partition(CITY_SIGN)
    return name + sign if sign else ""


def areas() -> list[Area]:
    """The districts with their sub-districts, in the order of the units."""
    found: dict[str, list[str]] = {}
    for area, street in Street.objects.order_by("unit__path", "name").values_list("area_name", "name"):
        found.setdefault(area, []).append(street)
    return [Area(name, tuple(streets)) for name, streets in found.items()]


def parts(address: str) -> Parts:
    """District, sub-district and the rest of an address. A name counts where it stands before the rest, not within it."""
    rest = address.strip()
    start = city()
    rest = rest.removeprefix("广东省").removeprefix(start).strip()
    among = areas()
    area = next((one for one in among if one.name and rest.startswith(one.name)), None)
    if area is not None:
        rest = rest.removeprefix(area.name).strip()
        among = [area]
    fitting = [(one, street) for one in among for street in one.streets if rest.startswith(street)]
    if len({one.name for one, _street in fitting}) != 1:
        return Parts(area.name if area else "", "", rest)
    where, street = max(fitting, key=lambda pair: len(pair[1]))
    return Parts(where.name, street, rest.removeprefix(street).strip())


def together(place: str, detail: str) -> str:
    """An address from the choice `district/sub-district` and the rest; what the rest says already is not said twice.

    A choice that is none of the city's is left out: the rest is then taken as the whole address.
    """
    area, _sign, street = place.partition("/")
    detail = detail.strip()
    known = next((one for one in areas() if one.name == area and street in one.streets), None)
    if not detail or known is None:
        return detail
    said = parts(detail)
    return f"{city()}{area}{street}{said.detail if said.area or said.street else detail}"

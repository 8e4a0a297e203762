"""Finding the office in charge for many places: the whole layout is read once, nothing is asked afterwards."""

from collections.abc import Iterable
from typing import Self

from qipan.kernel.orgs.models import Level, Street, Unit


class OfficeFinder:
    """What `queries.office_for` finds, for millions of places. Gives paths; empty where nothing fits."""

    def __init__(self, streets: Iterable[Street], units: Iterable[Unit]) -> None:
        self._streets = [
            (street.name, street.area_name, street.division_code, street.unit.path) for street in streets
        ]
        self._by_name: dict[str, list[tuple[str, str]]] = {}
        for name, _area, division, path in self._streets:
            for spelling in {name, name.removesuffix("街道"), name.removesuffix("镇")}:
                self._by_name.setdefault(spelling, []).append((division, path))
        self._units: dict[str, str] = {}
        self._bureaus: dict[str, str] = {}
        for unit in units:
            for name in (unit.code, unit.path, unit.name, unit.short_name):
                self._units.setdefault(name, unit.path)
            if unit.level == Level.DISTRICT and unit.division_code:
                self._bureaus.setdefault(unit.division_code, unit.path)
        self._root = min(self._units.values(), key=len, default="")
        self._areas: dict[str, str] = {}
        for street in streets:
            if street.area_name:
                above = (
                    street.unit.parent.path
                    if street.unit.parent and street.unit.level == Level.OFFICE
                    else ""
                )
                self._areas.setdefault(street.area_name, above or street.unit.path)

    @classmethod
    def load(cls) -> Self:
        """The layout as it is now."""
        streets = list(Street.objects.select_related("unit__parent").order_by("unit__path", "name"))
        return cls(streets, Unit.objects.order_by("path"))

    def unit(self, name: str) -> str:
        """The path of the unit with this code, path, name or short name."""
        return self._units.get(name.strip(), "")

    def root(self) -> str:
        """The path of the city bureau; empty where no unit is there."""
        return self._root

    def find(self, place: str = "", *, division_code: str = "", street: str = "") -> str:
        """By the name of the sub-district, by one found in an address, by the district: as `office_for` does."""
        if street:
            named = {
                path
                for division, path in self._by_name.get(street.strip(), ())
                if not division_code or division == division_code
            }
            if len(named) == 1:
                return named.pop()
        if place:
            hits = [
                row
                for row in self._streets
                if row[0] in place and (not division_code or row[2] == division_code)
            ]
            hits = [row for row in hits if row[1] and row[1] in place] or hits
            if hits:
                return max(hits, key=lambda row: (len(row[0]), -place.index(row[0])))[3]
        if division_code:
            return self._bureaus.get(division_code, "")
        return next((path for area, path in self._areas.items() if area in place), "") if place else ""

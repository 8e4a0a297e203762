"""Where the subjects of the city stand: the sub-districts of the catalogue, each with the unit in whose charge it is."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from qipan.city import shape
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.models import Street, Unit


@dataclass(frozen=True)
class Place:
    """One sub-district."""

    area: str
    street: str
    org_path: str
    bureau: str
    bureau_path: str
    bureau_name: str
    division: str
    licence_area: str
    weight: float


def all_places() -> list[Place]:
    """Every sub-district, in a stable order. Refuses where the organisation is not loaded."""
    units = {unit.path: unit for unit in Unit.objects.all()}
    streets = list(Street.objects.select_related("unit").order_by("unit__path", "name"))
    if not streets:
        raise Refused(_("机构目录还没有载入，请先运行 ./qipan load。"), code="state")
    found = []
    seen: dict[str, int] = {}
    for street in streets:
        bureau = units["/".join(street.unit.path.split("/")[:2]) + "/"]
        rank = seen[bureau.code] = seen.get(bureau.code, 0) + 1
        found.append(
            Place(
                area=street.area_name,
                street=street.name,
                org_path=street.unit.path,
                bureau=bureau.code,
                bureau_path=bureau.path,
                bureau_name=bureau.name,
                division=street.division_code or bureau.division_code,
                licence_area=bureau.licence_area_code or street.division_code,
                weight=shape.DISTRICTS.get(bureau.code, 0.005) / (1 + 0.25 * (rank * 7 % 10)),
            )
        )
    total = {code: sum(place.weight for place in found if place.bureau == code) for code in seen}
    return [
        Place(
            **{
                **vars(place),
                "weight": place.weight * shape.DISTRICTS.get(place.bureau, 0.005) / total[place.bureau],
            }
        )
        for place in found
    ]

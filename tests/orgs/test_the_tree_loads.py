"""The catalogue makes exactly 1 + 11 + 74 units, each of which work can find."""

import pytest

from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs import loading, queries
from qipan.kernel.orgs.codes import is_government_code
from qipan.kernel.orgs.models import Level, Post, Street, Unit
from tests.orgs.factories import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def city() -> None:
    loading.load_units(loading.rows_of("shenzhen.yaml"), SYSTEM)


@pytest.mark.usefixtures("city")
def test_one_eleven_seventy_four() -> None:
    count = {level: Unit.objects.filter(level=level).count() for level in Level}
    assert (count[Level.CITY], count[Level.DISTRICT], count[Level.OFFICE]) == (1, 11, 74)
    assert Unit.objects.count() == 86 == Unit.objects.values("uscc").distinct().count()
    assert all(is_government_code(unit.uscc) for unit in Unit.objects.all())
    assert not Unit.objects.filter(is_demo=False).exists()
    assert queries.unit("FT01").path == "SZ/FT/FT01/"
    assert not Unit.objects.filter(path__startswith="SZ/SS/", level=Level.OFFICE).exists()


@pytest.mark.usefixtures("city")
def test_work_arrives_at_75_places() -> None:
    """74 offices, and the bureau of 深汕, which has none."""
    assert queries.offices().count() == 75
    assert queries.offices().filter(code="SS").exists()
    assert Street.objects.count() == 78


@pytest.mark.usefixtures("city")
@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("广东省深圳市福田区福田街道福华一路1号", "FT03"),
        ("深圳市龙华区龙华街道清湖社区", "LHU02"),
        ("深圳市龙岗区龙岗街道龙岗大道6008号", "LG07"),
        ("深圳市光明区光明街道光明大街", "GM01"),
        ("深圳市深汕特别合作区鹅埠镇创富路", "SS"),
        ("深圳市深汕特别合作区科教大道1号", "SS"),
        ("深圳市南山区科技园南区", "NS"),
    ],
)
def test_an_address_finds_its_office(place: str, code: str) -> None:
    found = queries.office_for(place)
    assert found is not None and found.code == code


@pytest.mark.usefixtures("city")
def test_a_place_elsewhere_finds_none() -> None:
    assert queries.office_for("北京市朝阳区建国路") is None
    assert queries.office_for(street="粤海").code == "NS04"
    assert queries.office_for(division_code="440303").code == "LH"


@pytest.mark.usefixtures("city")
def test_a_second_load_changes_nothing() -> None:
    before = Event.objects.count()
    again = loading.load_units(loading.rows_of("shenzhen.yaml"), SYSTEM)
    assert (again.created, again.changed, again.unchanged) == (0, 0, 86)
    assert Event.objects.count() == before


@pytest.mark.usefixtures("city")
def test_a_corrected_name_is_one_event() -> None:
    rows = loading.rows_of("shenzhen.yaml")
    rows[5]["short_name"] = "改名局"
    assert loading.load_units(rows, SYSTEM).changed == 1
    assert Event.objects.filter(name="orgs.unit.changed", data__fields=["short_name"]).count() == 1


@pytest.mark.usefixtures("city")
def test_the_tree_is_not_rebuilt_by_loading() -> None:
    rows = loading.rows_of("shenzhen.yaml")
    moved = next(row for row in rows if row["code"] == "FT01")
    moved["parent"] = "NS"
    with pytest.raises(Refused, match="位置"):
        loading.load_units(rows, SYSTEM)


def test_a_parent_that_is_missing_is_told() -> None:
    rows = [row for row in loading.rows_of("shenzhen.yaml") if row["code"] != "NS"]
    with pytest.raises(Refused, match="NS"):
        loading.load_units(rows, SYSTEM)


@pytest.mark.usefixtures("city")
def test_every_unit_gets_its_posts() -> None:
    loading.load_posts(loading.rows_of("posts.yaml"), SYSTEM)
    assert Post.objects.filter(code="FT01-inspector").exists()
    assert Post.objects.filter(code="SS-inspector").exists(), "深汕 does the work of an office itself"
    assert not Post.objects.filter(code="FT-inspector").exists()
    assert Post.objects.count() == 11 + 11 * 11 + 75 * 4 - 2
    assert loading.load_posts(loading.rows_of("posts.yaml"), SYSTEM).created == 0

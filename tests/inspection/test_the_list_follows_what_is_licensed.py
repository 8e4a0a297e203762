"""A shop is inspected by the sales list, a kitchen by the catering list (Insp 13, 17)."""

import pytest

from qipan.domains.inspection import record
from qipan.domains.inspection.models import Visit
from qipan.kernel.forms import queries as forms
from qipan.kernel.subjects.models import Grant, Subject
from tests.inspection.office import Office, fresh
from tests.subjects.factories import GrantFactory, SubjectFactory

pytestmark = pytest.mark.django_db
HEADINGS = (
    "食品销售者资质、一般规定执行、禁止性规定执行、经营场所环境卫生、经营过程控制、进货查验、食品贮存、食品召回、温度控制及记录、"
    "过期及其他不符合标准食品的处置、标签和说明书、食品安全自查、从业人员管理、食品安全事故处置、进口食品销售、食用农产品销售、网络食品销售"
)


@pytest.mark.parametrize(
    ("data", "industry", "code"),
    [
        ({"main_format": "1", "items": ["BULK"]}, "F5221", "SALE-2025"),
        ({"main_format": "2", "items": ["HOT", "BULK"]}, "F5221", "CATER-2025"),
        ({"main_format": "3", "items": ["HOT"]}, "", "CATER-2025"),
        ({"items": ["BULK", "BULK_PACKED"]}, "", "SALE-2025"),
        ({"items": ["BULK", "CAKE"]}, "", "CATER-2025"),
        (None, "5229", "SALE-2025"),
        (None, "F5112", "SALE-2025"),
        (None, "6210", "CATER-2025"),
        (None, "", "CATER-2025"),
    ],
)
def test_the_licence_then_its_items_then_the_industry_decide(data, industry: str, code: str) -> None:
    grant = Grant(data=data) if data is not None else None
    assert record.list_for(Subject(industry=industry), grant) == code


def test_the_sales_list_has_the_headings_that_the_law_names(office: Office) -> None:
    listed = forms.checklist("SALE-2025")
    assert "、".join(area.title for area in listed.areas) == HEADINGS
    assert len(listed.items) > 50 and sum(item.key for item in listed.items) > 15
    assert all(item.source or item.unconfirmed for item in listed.items)
    assert all(item.evidence for item in listed.items if item.key)


def test_a_shop_is_asked_the_sales_list_to_its_result(office: Office) -> None:
    subject = SubjectFactory()
    grant = GrantFactory(subject, data={"main_format": "1", "items": ["BULK"], "marks": ["NETWORK"]})
    visit = office.ordered(subject, grant)
    assert visit.checklist_code == "SALE-2025"
    asked = {item.code for item in record.applicable(visit)}
    assert {"5.1", "11.2", "17.1"} <= asked and not {"5.6", "6.4"} & asked
    signed = office.signed({"7.1": "库存食品没有定期检查"}, visit=visit, measure="ON_SITE")
    assert fresh(signed).case.state == "CLOSED" and fresh(signed).conclusion == "BASIC"


def test_a_licence_that_changed_before_the_visit_changes_the_list(office: Office) -> None:
    subject = SubjectFactory()
    grant = GrantFactory(subject, data={"main_format": "1", "items": ["BULK"], "marks": []})
    visit = office.ordered(subject, grant)
    Grant.objects.filter(pk=grant.pk).update(data={"main_format": "2", "items": ["HOT"], "marks": []})
    begun = office.begun(visit=Visit.objects.get(pk=visit.pk))
    assert begun.checklist_code == "CATER-2025" and begun.facts["items"] == ["HOT"]

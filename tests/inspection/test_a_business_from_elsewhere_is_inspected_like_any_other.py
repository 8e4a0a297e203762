"""Businesses of another city's register: found, inspected and published like our own, with their history beside it."""

import csv
import gzip
import uuid
from pathlib import Path

import pytest
from django.test import Client

from qipan.adapters.registers import service
from qipan.domains.inspection.models import Visit
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.subjects import queries
from qipan.kernel.subjects.models import Subject
from tests.beside import beside
from tests.inspection.office import Office
from tests.inspection.test_pages_walk_an_inspection import client_of, inspected
from tests.orgs.factories import reader_for

HISTORY = beside("chicago_food") / "history.csv.gz"
#: The columns of the real file with three rows of our own making: two visits to a shop, one to a restaurant.
OURS = """Inspection_ID,License,DBA_Name,Inspection_Date,Facility_Type,Risk,Zip,Latitude,Longitude,Results,criticalCount,\
seriousCount,minorCount,WARD,ACCOUNT_NUMBER,licence_since,inspector,v1,v2,v30
9001,7001,LAKE STREET GROCERY,2012-03-05,Grocery Store,Risk 2 (Medium),60601,41.885,-87.622,Fail,1,0,1,1,501,2009-05-01,green,1,0,1
9002,7001,LAKE STREET GROCERY,2013-03-06,Grocery Store,Risk 2 (Medium),60601,41.885,-87.622,Pass,0,0,0,1,501,2009-05-01,blue,0,0,0
9003,7002,ELM NOODLE HOUSE,2013-07-01,Restaurant,Risk 1 (High),60602,41.883,-87.629,Pass,0,0,1,1,502,2010-01-01,blue,0,0,1
"""
pytestmark = pytest.mark.django_db


def taken_in(path: Path) -> service.Outcome:
    return service.import_subjects(path, actor=Actor.system("SZ/"), map_path=Path("chicago_food"))


def found(office: Office, *, name: str, code: str, address: str) -> Subject:
    """The business, by its name, its code and its address: at the desk of its office, and in public."""
    reader = reader_for(office.head)
    for words in (name, code, f"{address} {name}"):
        assert queries.find(words, reader)[0].name == name, words
        assert name.replace("&", "&amp;").replace("'", "&#x27;") in (
            Client().get("/businesses/", {"q": words}).content.decode()
        ), words
    assert any(one.name == name for one in queries.find(address, reader, limit=10_000))
    subject = queries.by_identifier(code)
    assert subject is not None and subject.name == name
    return subject


def inspected_over_http(office: Office, subject: Subject, failed: dict[str, str], **result: str) -> Visit:
    """Ordered by the head of its office, walked by two officers on their phones, to the signed result."""
    desk = client_of(office.head)
    address = f"/desk/businesses/{subject.pk}/inspect/"
    assert desk.get(address).status_code == 200
    sent = desk.post(address, {"kind": "ROUTINE", "uuid": str(uuid.uuid4()), "wanted_by": "", "cause": ""})
    assert sent.status_code == 302
    visit = Visit.objects.select_related("case").get(case__subject=subject)
    inspected(office, visit, failed, **result)
    return Visit.objects.select_related("case").get(pk=visit.pk)


def shown_in_public(subject: Subject) -> str:
    page = Client().get(f"/businesses/{subject.pk}/")
    assert page.status_code == 200
    return page.content.decode()


def test_a_shop_of_our_own_making_walks_from_the_file_to_the_public_page(office: Office, tmp_path) -> None:
    path = tmp_path / "history.csv"
    path.write_text(OURS, "utf-8")
    assert taken_in(path).result.created == 3
    shop = found(office, name="LAKE STREET GROCERY", code="CHI7001", address="Chicago, IL 60601")
    visit = inspected_over_http(
        office, shop, {"7.1": "Stock is not looked through."}, measure="ON_SITE", affects="no"
    )
    assert (
        visit.case.state == "CLOSED"
        and visit.checklist_code == "SALE-2025"
        and visit.case.org_path == "SZ/FT/FT01/"
    )
    public = shown_in_public(shop)
    assert (
        "日常监督检查结果" in public and "基本符合" in public and "Stock is not looked through." not in public
    )
    assert "历史检查记录" in public and "芝加哥食品检查" in public
    assert public.count("芝加哥食品检查") >= 2 and "2012-03-05" in public and "不合格" in public
    restaurant = found(office, name="ELM NOODLE HOUSE", code="CHI7002", address="Chicago, IL 60602")
    assert inspected_over_http(office, restaurant, {}).checklist_code == "CATER-2025"
    assert taken_in(path).result.known == 3, "an inspection of ours changes nothing for the next delivery"


@pytest.mark.skipif(not HISTORY.exists(), reason="the inspections of Chicago are not beside the project")
def test_a_real_business_walks_from_the_real_file_to_the_public_page(office: Office, tmp_path) -> None:
    with gzip.open(HISTORY, "rt", encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        rows = [row for _number, row in zip(range(4000), reader, strict=False) if row["WARD"] == "1"]
        names = reader.fieldnames or []
    path = tmp_path / "history.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        out = csv.DictWriter(stream, names)
        out.writeheader()
        out.writerows(rows)
    result = taken_in(path).result
    assert result.created == len(rows) > 20 and result.rejected == 0
    often = [row for row in rows if row["Facility_Type"] == "Restaurant"]
    chosen = next(
        row
        for row in often
        if sum(other["DBA_Name"] == row["DBA_Name"] for other in rows) == 1 and row["DBA_Name"].isascii()
    )
    subject = found(
        office,
        name=chosen["DBA_Name"],
        code=f"CHI{chosen['License']}",
        address=f"Chicago, IL {chosen['Zip']}",
    )
    visit = inspected_over_http(office, subject, {})
    assert visit.case.state == "CLOSED" and visit.conclusion == "CONFORM"
    public = shown_in_public(subject)
    assert "日常监督检查结果" in public and chosen["Inspection_Date"] in public and "芝加哥食品检查" in public

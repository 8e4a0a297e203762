"""Real rows of another city: restaurants and their inspections go in by the mapping that is shipped."""

import csv
import datetime
import gzip
import io
from pathlib import Path

import pytest
from django.test import Client

from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import queries
from qipan.kernel.subjects.models import ExternalRecord, Subject
from tests.beside import beside
from tests.orgs.factories import StaffFactory, reader_for
from tests.registers.registers import counts, report_of, take

DATA = beside("chicago_food") / "history.csv.gz"
HEADINGS = (
    "Inspection_ID,License,DBA_Name,Inspection_Date,Facility_Type,Risk,Zip,Latitude,Longitude,Results,"
    "criticalCount,seriousCount,minorCount,WARD,ACCOUNT_NUMBER,licence_since,inspector,v1,v2,v70"
)
TWO_VISITS = (
    "1,82474,KEVIN'S HAMBURGER HEAVEN,2011-09-02,Restaurant,Risk 1 (High),60609,41.82,-87.64,Fail,1,0,2,11,49,2002-02-16,orange,0,1,0",
    "2,82474,KEVIN'S HAMBURGERS,2012-09-02,Restaurant,Risk 1 (High),60609,41.82,-87.64,Pass,0,0,0,11,49,2002-02-16,orange,0,0,1",
    ",82475,NO NUMBER,2012-09-02,Bakery,Risk 1 (High),60609,41.82,-87.64,Pass,0,0,0,,49,,orange,0,0,1",
)
pytestmark = pytest.mark.django_db


def write(path: Path, lines) -> Path:
    path.write_text("\n".join([HEADINGS, *lines]), "utf-8")
    return path


def test_a_business_has_its_inspections_and_the_last_row_says_what_it_is(tmp_path) -> None:
    path = write(tmp_path / "history.csv", TWO_VISITS)
    assert counts(take(path, map_path=Path("chicago_food"))) == (3, 2, 0, 0, 1)
    subject = Subject.objects.get()
    assert subject.name == "KEVIN'S HAMBURGERS" and queries.uscc_of(subject) == "CHI82474"
    last, first = subject.external_records.all()
    assert (first.result, first.on, first.data["违反条款"]) == ("不合格", datetime.date(2011, 9, 2), ["v2"])
    assert last.result == "合格" and last.data["违反条款"] == ["v70"]
    assert report_of(path)[0]["项目"] == "Inspection_ID"
    assert counts(take(path, map_path=Path("chicago_food"))) == (3, 0, 0, 2, 1)


def test_a_corrected_inspection_updates_and_keeps_what_it_said(tmp_path) -> None:
    take(write(tmp_path / "history.csv", TWO_VISITS[:2]), map_path=Path("chicago_food"))
    corrected = (TWO_VISITS[0].replace("Fail", "Pass w/ Conditions"), TWO_VISITS[1])
    path = write(tmp_path / "history.csv", corrected)
    assert counts(take(path, map_path=Path("chicago_food"))) == (2, 0, 1, 1, 0)
    record = ExternalRecord.objects.get(key="1")
    assert record.result == "整改后合格" and record.events.get().result == "不合格"


@pytest.mark.skipif(not DATA.exists(), reason="the inspections of Chicago are not beside the project")
def test_real_rows_are_found_shown_and_within_their_office(tmp_path) -> None:
    with gzip.open(DATA, "rt", encoding="utf-8") as stream:
        lines = [line for _number, line in zip(range(601), stream, strict=False)]
    path = tmp_path / "history.csv"
    path.write_text("".join(lines), "utf-8")
    rows = list(csv.DictReader(io.StringIO("".join(lines))))
    result = take(path, map_path=Path("chicago_food")).result
    assert (result.read, result.created, result.rejected) == (600, 600, 0)
    assert Subject.objects.count() == len({row["License"] for row in rows})
    assert ExternalRecord.objects.count() == 600
    subject = queries.by_identifier("CHI" + rows[0]["License"])
    assert subject in queries.find(rows[0]["DBA_Name"]) and subject in queries.find(
        "CHI" + rows[0]["License"]
    )
    page = Client().get(f"/businesses/{subject.pk}/").content.decode()
    assert "历史检查记录" in page and rows[0]["Inspection_Date"] in page
    from qipan.kernel.orgs.models import Unit

    officer = reader_for(StaffFactory(role=Role.INSPECTOR, unit=Unit.objects.get(path=subject.org_path)))
    assert queries.subject(subject.pk, officer) == subject
    assert queries.subject(subject.pk, reader_for(StaffFactory(role=Role.INSPECTOR))) is None
    assert take(path, map_path=Path("chicago_food")).result.known == 600


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="the inspections of Chicago are not beside the project")
def test_the_whole_of_the_real_file_goes_in_and_the_second_time_changes_nothing(tmp_path) -> None:
    with gzip.open(DATA, "rt", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    result = take(DATA, map_path=Path("chicago_food"), report=tmp_path / "report.csv").result
    assert (result.read, result.created, result.updated, result.known, result.rejected) == (
        24518,
        24518,
        0,
        0,
        0,
    )
    assert ExternalRecord.objects.count() == len({row["Inspection_ID"] for row in rows}) == 24518
    assert Subject.objects.count() == len({row["License"] for row in rows})
    assert ExternalRecord.objects.filter(result="不合格").count() == sum(
        row["Results"] == "Fail" for row in rows
    )
    failed = sum(
        value == "1" for row in rows for name, value in row.items() if name[0] == "v" and name[1:].isdigit()
    )
    told = sum(len(data["违反条款"]) for data in ExternalRecord.objects.values_list("data", flat=True))
    assert told == failed > 60_000
    again = take(DATA, map_path=Path("chicago_food"), report=tmp_path / "report.csv").result
    assert (again.read, again.known, again.batch) == (24518, 24518, "")

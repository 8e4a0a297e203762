"""`import subjects`: whatever a register looks like, each row is taken in, known, or rejected with a reason."""

import datetime
import gzip
from decimal import Decimal
from pathlib import Path

import pytest
from django.apps import apps

from qipan.kernel.accounts.models import Person
from qipan.kernel.ledger.models import Event
from qipan.kernel.subjects import actions, queries
from qipan.kernel.subjects.models import (
    Identifier,
    Premises,
    RegisterImport,
    SourceRow,
    StatusChange,
    Subject,
)
from tests.registers.registers import (
    HEADINGS,
    counts,
    reg_no,
    report_of,
    restaurant,
    take,
    text,
    uscc,
    workbook,
)
from tests.subjects.factories import SYSTEM, SubjectFactory

pytestmark = pytest.mark.django_db


def tidy(tmp_path: Path, *rows: dict, name: str = "register.csv", **options) -> Path:
    path = tmp_path / name
    path.write_text(text(rows or [restaurant(n) for n in range(3)], **options), "utf-8", newline="")
    return path


def test_a_tidy_register_goes_in_and_the_same_again_changes_nothing(tmp_path) -> None:
    path = tidy(tmp_path)
    first = take(path)
    assert counts(first) == (3, 3, 0, 0, 0) and report_of(path) == []
    subject = queries.by_identifier(uscc(1))
    assert subject is not None
    assert (subject.name, subject.type, subject.status) == (
        "深圳市福田区粤味小馆1号店",
        "INDIVIDUAL",
        "ACTIVE",
    )
    assert subject.org_path == "SZ/FT/FT01/" and subject.capital == Decimal("10.0000")
    assert subject.established_on == datetime.date(2018, 5, 4)
    assert queries.find("粤味小馆1号") == [subject]
    before = {model: list(model.objects.values()) for model in (Subject, Identifier, SourceRow, Premises)}
    again = take(path)
    assert counts(again) == (3, 0, 0, 3, 0)
    assert {model: list(model.objects.values()) for model in before} == before
    assert Event.objects.filter(name="subjects.subject.imported").count() == 1
    assert RegisterImport.objects.count() == 1 and Person.objects.count() == 3


def test_one_event_carries_count_digest_and_the_manifest_that_can_be_checked(tmp_path) -> None:
    import hashlib

    outcome = take(tidy(tmp_path), manifests=tmp_path / "manifests")
    event = Event.objects.get(name="subjects.subject.imported")
    lines = Path(outcome.manifest).read_bytes().splitlines()
    assert event.data["count"] == len(lines) == 3
    total = hashlib.sha256(b"".join(hashlib.sha256(line).digest() for line in lines)).hexdigest()
    assert event.data["digest"] == total == RegisterImport.objects.get().manifest
    assert event.data["file_digest"] == hashlib.sha256((tmp_path / "register.csv").read_bytes()).hexdigest()
    assert Event.objects.count() - Event.objects.filter(name__startswith="orgs.").count() == 1


def test_people_are_sealed_and_stand_nowhere_in_clear(tmp_path) -> None:
    path = tidy(tmp_path, restaurant(1, 法定代表人="欧阳不凡", 联系电话="135 9999 8888"))
    outcome = take(path, manifests=tmp_path / "manifests")
    person = queries.by_identifier(uscc(1)).legal_rep
    assert person.clear(["name", "phone"]) == {"name": "欧阳不凡", "phone": "13599998888"}
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(x::text, '') FROM import_staged x")
        staged = cursor.fetchone()[0]
    kept = staged + str(list(Event.objects.values_list("data"))) + Path(outcome.manifest).read_text()
    assert "不凡" not in kept and "9999" not in kept.replace(uscc(1), "")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_usual_encoding_is_recognised(tmp_path, encoding: str) -> None:
    path = tmp_path / "register.csv"
    path.write_bytes(
        text([restaurant(n, 企业名称=f"深圳{n}号𠮷野家餐厅") for n in range(5)]).encode(encoding)
    )
    assert counts(take(path)) == (5, 5, 0, 0, 0)
    assert queries.by_identifier(uscc(3)).name == "深圳3号𠮷野家餐厅"


def test_a_packed_file_and_old_line_ends_are_read(tmp_path) -> None:
    path = tmp_path / "register.csv.gz"
    path.write_bytes(gzip.compress(text([restaurant(1), restaurant(2)]).replace("\r\n", "\r").encode()))
    assert counts(take(path)) == (2, 2, 0, 0, 0)


def test_a_wrong_check_sign_is_taken_in_marked_and_told(tmp_path) -> None:
    wrong = uscc(1)[:-1] + ("A" if uscc(1)[-1] != "A" else "B")
    path = tidy(tmp_path, restaurant(1, 统一社会信用代码=wrong))
    assert counts(take(path)) == (1, 1, 0, 0, 0)
    code = Identifier.objects.get(value=wrong)
    assert not code.check_ok and "register" in code.override_reason
    (line,) = report_of(path)
    assert (line["行号"], line["结果"], line["原值"]) == ("2", "提醒", wrong) and "校验位" in line["原因"]


def test_a_letter_for_a_digit_is_suspected(tmp_path) -> None:
    right = uscc(1)
    take(path := tidy(tmp_path, restaurant(1, 统一社会信用代码=right.replace("0", "O", 1))))
    assert right in report_of(path)[0]["怎么办"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [("91440300MA5DA0B10", "17 位"), ("9.14403E+17", "科学计数法"), ("无证经营", "4 位")],
)
def test_a_code_of_the_wrong_shape_is_rejected(tmp_path, code: str, reason: str) -> None:
    path = tidy(tmp_path, restaurant(1, 统一社会信用代码=code), restaurant(2))
    assert counts(take(path)) == (2, 1, 0, 0, 1)
    (line,) = report_of(path)
    assert (line["结果"], line["项目"], line["原值"]) == ("退回", "统一社会信用代码", code)
    assert reason in line["原因"] and line["怎么办"]


def test_an_old_number_in_the_column_of_codes_is_entered_as_what_it_is(tmp_path) -> None:
    path = tidy(tmp_path, restaurant(1, 统一社会信用代码=reg_no(7)))
    take(path)
    assert Identifier.objects.get().kind == "REG_NO" and "旧的 15 位" in report_of(path)[0]["原因"]


def test_full_width_signs_blanks_and_separators_are_folded(tmp_path) -> None:
    wide = uscc(1).translate({n: n + 0xFEE0 for n in range(0x21, 0x7F)})
    row = restaurant(
        1,
        统一社会信用代码=f" {wide[:9]}　{wide[9:]} ",
        企业名称="  深圳市　老 街坊酒家  ",
        注册资本="1，000,000.00元",
        成立日期="２０１８年５月４日",
        联系电话="１３８００１３８０００",
    )
    take(tidy(tmp_path, row))
    subject = queries.by_identifier(uscc(1))
    assert subject.name == "深圳市 老 街坊酒家" and subject.capital == 100
    assert subject.established_on == datetime.date(2018, 5, 4)
    assert subject.legal_rep.clear(["phone"]) == {"phone": "13800138000"}


def test_doubled_rows_count_once_and_contradicting_ones_are_sent_back(tmp_path) -> None:
    path = tidy(tmp_path, restaurant(1), restaurant(1), restaurant(1, 企业名称="另一个名称"), restaurant(2))
    assert counts(take(path)) == (4, 2, 0, 1, 1)
    assert [(line["行号"], line["结果"]) for line in report_of(path)] == [("3", "重复"), ("4", "退回")]
    assert "第 2 行" in report_of(path)[1]["原因"]
    assert counts(take(path)) == (4, 0, 0, 3, 1)
    assert queries.by_identifier(uscc(1)).name == "深圳市福田区粤味小馆1号店"


def test_one_number_under_two_codes_is_sent_back(tmp_path) -> None:
    headings = (*HEADINGS, "注册号")
    rows = [restaurant(1, 注册号=reg_no(1)), restaurant(2, 注册号=reg_no(1))]
    path = tidy(tmp_path, *rows, headings=headings)
    assert counts(take(path)) == (2, 1, 0, 0, 1)
    assert report_of(path)[0]["项目"] == "注册号"
    assert counts(take(path)) == (2, 0, 0, 1, 1)


def test_a_changed_row_updates_and_its_former_state_is_kept(tmp_path) -> None:
    take(tidy(tmp_path, restaurant(1), restaurant(2)))
    moved = restaurant(
        1,
        企业名称="深圳市福田区新粤味酒家",
        住所="深圳市南山区粤海街道科苑路1号",
        登记状态="歇业",
        法定代表人="李明",
    )
    path = tidy(tmp_path, moved, restaurant(2))
    assert counts(take(path)) == (2, 0, 1, 1, 0)
    subject = queries.by_identifier(uscc(1))
    assert (subject.name, subject.status, subject.version > 1) == (
        "深圳市福田区新粤味酒家",
        "SUSPENDED",
        True,
    )
    assert subject.org_path.startswith("SZ/NS/")
    assert subject.legal_rep.clear(["name"]) == {"name": "李明"}
    former = apps.get_model("subjects", "SubjectEvent").objects.filter(pgh_obj=subject).earliest("pgh_id")
    assert former.name == "深圳市福田区粤味小馆1号店" and former.org_path == "SZ/FT/FT01/"
    change = StatusChange.objects.get()
    assert (change.before, change.after) == ("ACTIVE", "SUSPENDED") and change.source
    assert subject in queries.find("新粤味酒家") and queries.find("粤味小馆1号店") == []
    assert counts(take(path)) == (2, 0, 0, 2, 0)


def test_what_the_register_leaves_empty_stays(tmp_path) -> None:
    take(tidy(tmp_path, restaurant(1)))
    bare = restaurant(1, 注册资本="", 成立日期="", 登记状态="", 法定代表人="", 联系电话="")
    take(tidy(tmp_path, bare))
    subject = queries.by_identifier(uscc(1))
    assert subject.capital == 10 and subject.established_on and subject.legal_rep


def test_a_status_that_the_law_does_not_let_follow_is_told_and_left(tmp_path) -> None:
    take(tidy(tmp_path, restaurant(1, 登记状态="注销")))
    path = tidy(tmp_path, restaurant(1, 登记状态="存续"))
    take(path)
    assert queries.by_identifier(uscc(1)).status == "CANCELLED"
    assert "现为“注销”" in report_of(path)[0]["原因"]


def test_a_subject_registered_here_is_recognised_by_its_code(tmp_path) -> None:
    known = SubjectFactory("深圳市福田区园岭老字号")
    row = restaurant(1, 统一社会信用代码=queries.uscc_of(known), 企业名称="深圳市福田区园岭老字号")
    assert take(tidy(tmp_path, row)).result.created == 0
    assert Subject.objects.get().pk == known.pk


def test_a_code_that_looked_wrong_gives_way_to_the_right_one(tmp_path) -> None:
    wrong = uscc(1)[:-1] + ("A" if uscc(1)[-1] != "A" else "B")
    headings = (*HEADINGS, "注册号")
    take(tidy(tmp_path, restaurant(1, 统一社会信用代码=wrong, 注册号=reg_no(1)), headings=headings))
    assert counts(take(tidy(tmp_path, restaurant(1, 注册号=reg_no(1)), headings=headings)))[2] == 1
    code = Identifier.objects.get(kind="USCC")
    assert (code.value, code.check_ok) == (uscc(1), True)
    assert code.events.get().value == wrong


def test_a_second_code_for_a_known_subject_is_sent_back(tmp_path) -> None:
    headings = (*HEADINGS, "注册号")
    take(tidy(tmp_path, restaurant(1, 注册号=reg_no(1)), headings=headings))
    path = tidy(tmp_path, restaurant(2, 注册号=reg_no(1)), headings=headings)
    assert counts(take(path)) == (1, 0, 0, 0, 1)
    assert uscc(1) in report_of(path)[0]["原因"]


def test_a_subject_without_any_code_is_known_by_name_and_address(tmp_path) -> None:
    row = restaurant(1, 统一社会信用代码="")
    path = tidy(tmp_path, row, restaurant(2, 统一社会信用代码="无"))
    assert counts(take(path)) == (2, 2, 0, 0, 0) and Identifier.objects.count() == 0
    assert counts(take(path)) == (2, 0, 0, 2, 0)


def test_damaged_lines_are_sent_back_alone(tmp_path) -> None:
    good = [restaurant(n) for n in range(1, 60)]
    lines = text(good).encode().split(b"\r\n")
    lines[3] = lines[3].replace("粤味".encode(), b"\xe7\xb2\xff\xfe", 1)  # broken bytes
    lines[5] = lines[5].replace(b"0,", b'0,"', 1)  # a quote that never closes
    lines[7] += ",,多出的一列".encode()
    lines[9] = lines[9].replace("小馆".encode(), b"\x00" + "小馆".encode())
    lines[11] = ",".join(["深圳市只有名称的店"]).encode()
    path = tmp_path / "register.csv"
    path.write_bytes(b"\r\n".join(lines))
    assert counts(take(path)) == (59, 56, 0, 0, 3)
    said = {line["行号"]: (line["结果"], line["原因"]) for line in report_of(path)}
    assert said["4"][0] == "退回" and "编码" in said["4"][1]
    assert said["6"][0] == "退回" and "引号" in said["6"][1]
    assert said["8"][0] == "退回" and "表头只有" in said["8"][1]
    assert said["10"][0] == "提醒" and "NUL" in said["10"][1]
    assert said["12"][0] == "提醒"


def test_a_quoted_value_over_two_lines_is_one_row(tmp_path) -> None:
    path = tidy(tmp_path, restaurant(1, 住所='深圳市福田区"园岭街道"\n红荔路1号'), restaurant(2))
    assert counts(take(path)) == (2, 2, 0, 0, 0)
    assert queries.by_identifier(uscc(1)).domicile == '深圳市福田区"园岭街道" 红荔路1号'


def test_excel_dates_numbers_sheets_and_merged_headings(tmp_path) -> None:
    head = [
        ["深圳市餐饮单位名单", None, None, None, None, None],
        ["序号", "单位名称", "统一社会信用代码", "经营场所", None, "成立日期"],
        [None, None, None, "地址", "面积（㎡）", None],
    ]
    one = [
        1,
        "深圳市甲餐厅",
        uscc(1),
        "深圳市福田区园岭街道百花路1号",
        "1,086.5㎡",
        datetime.datetime(2018, 5, 4),
    ]
    two = [2, "深圳市乙餐厅", uscc(2), "深圳市福田区园岭街道百花路2号", 86, 43224]
    more = [
        ["名称", "统一社会信用代码", "地址"],
        ["深圳市丙餐厅", uscc(3), "深圳市福田区园岭街道百花路3号"],
    ]
    path = workbook(
        tmp_path / "名单.xlsx",
        {"福田": [*head, one, two], "说明": [["填表说明"], ["请如实填写"]], "补充": more},
        ["A1:F1", "D2:E2"],
    )
    outcome = take(path)
    assert counts(outcome) == (3, 3, 0, 0, 0) and outcome.skipped_sheets == ("说明",)
    first, second = queries.by_identifier(uscc(1)), queries.by_identifier(uscc(2))
    assert first.established_on == datetime.date(2018, 5, 4) == second.established_on
    assert first.premises.get().area_m2 == Decimal("1086.50")
    assert [line["工作表"] for line in report_of(path)] == ["说明"]
    assert outcome.columns["福田"]["area_m2"] == "面积（㎡）" and outcome.unused["福田"] == []
    assert counts(take(path)) == (3, 0, 0, 3, 0)


def test_a_dry_run_reports_and_writes_nothing(tmp_path) -> None:
    path = tidy(tmp_path, restaurant(1), restaurant(2, 企业名称=""))
    outcome = take(path, dry_run=True, manifests=tmp_path / "manifests")
    assert counts(outcome) == (2, 1, 0, 0, 1) and len(report_of(path)) == 1
    assert Subject.objects.count() == Person.objects.count() == RegisterImport.objects.count() == 0
    assert list((tmp_path / "manifests").glob("*") if (tmp_path / "manifests").exists() else []) == []


def test_formulas_in_the_report_are_shown_as_text(tmp_path) -> None:
    path = tidy(tmp_path, restaurant(1, 统一社会信用代码='=HYPERLINK("http://x")'))
    take(path)
    assert report_of(path)[0]["原值"].startswith("'=")


def test_rows_already_changed_in_the_product_are_not_set_back_by_the_same_file(tmp_path) -> None:
    path = tidy(tmp_path, restaurant(1))
    take(path)
    actions.change_subject(queries.by_identifier(uscc(1)), {"name": "改名后的店"}, SYSTEM)
    assert counts(take(path)) == (1, 0, 0, 1, 0)
    assert queries.by_identifier(uscc(1)).name == "改名后的店"

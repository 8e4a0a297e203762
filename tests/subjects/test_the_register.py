"""Subjects and grants: who is registered twice, what may follow what, what can be found, and by whom."""

import datetime
import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import actions, codes, lookup, queries, searching
from qipan.kernel.subjects.models import Grant, LicenceSeries, Subject
from tests.orgs.factories import StaffFactory, UnitTree, reader_for
from tests.subjects.factories import SYSTEM, GrantFactory, SubjectFactory, owner_of

pytestmark = pytest.mark.django_db


def test_a_code_belongs_to_one_subject() -> None:
    first = SubjectFactory()
    with pytest.raises(Refused) as caught:
        actions.register_subject(
            name="另一家",
            type="COMPANY",
            org_path="SZ/",
            identifiers={"USCC": queries.uscc_of(first)},
            actor=SYSTEM,
        )
    assert caught.value.field == "uscc" and caught.value.code == "conflict"


def test_a_wrong_check_sign_needs_a_reason() -> None:
    with pytest.raises(Refused, match="校验位不符"):
        actions.register_subject(
            name="甲",
            type="COMPANY",
            org_path="SZ/",
            identifiers={"USCC": "91440300MA5DA0B10X"},
            actor=SYSTEM,
        )
    kept = actions.register_subject(
        name="甲",
        type="COMPANY",
        org_path="SZ/",
        identifiers={"USCC": "91440300MA5DA0B10X"},
        override_reason="原证如此",
        actor=SYSTEM,
    )
    assert kept.identifiers.get().check_ok is False


def test_a_listed_subject_cannot_be_simply_cancelled() -> None:
    subject = SubjectFactory()
    actions.add_mark(subject, "ABNORMAL_LIST", SYSTEM, ground="未年报")
    with pytest.raises(Refused, match="简易注销"):
        actions.change_status(subject, "CANCELLING", SYSTEM, "申请注销")


def test_a_cancelled_subject_does_not_come_back() -> None:
    subject = SubjectFactory()
    actions.change_status(subject, "CANCELLED", SYSTEM, "普通注销")
    with pytest.raises(Refused, match="不能变为"):
        actions.change_status(subject, "ACTIVE", SYSTEM, "恢复")


def test_licence_numbers_have_no_gap_when_a_decision_is_rolled_back() -> None:
    from django.db import transaction

    first = actions.take_licence_number("JY", "2", "440305")
    with pytest.raises(RuntimeError), transaction.atomic():
        actions.take_licence_number("JY", "2", "440305")
        raise RuntimeError
    second = actions.take_licence_number("JY", "2", "440305")
    assert int(second[9:15]) == int(first[9:15]) + 1
    assert LicenceSeries.objects.get(series="JY2440305").last == 2


def test_subjects_are_found_by_part_of_name_code_and_address() -> None:
    subject = SubjectFactory("深圳市福田区老街坊酒家")
    other = SubjectFactory("深圳市南山区海边酒店")
    grant = GrantFactory(subject)
    code = queries.uscc_of(subject)
    for text in (
        "老街坊",
        "街坊酒家",
        code,
        code[6:16],
        grant.number,
        subject.domicile[3:],
        "深圳 老街坊",
        "ＬＡＯ"[:0] or "福田区老街坊",
    ):
        assert subject in queries.find(text), text
    assert queries.find("老街坊") == [subject]
    assert {subject, other} <= set(queries.find("酒")) or {subject, other} <= set(queries.find("深圳"))
    assert queries.find("不存在的店") == []
    assert queries.find("%_'\"") == []


def test_staff_see_the_subjects_of_their_units_only() -> None:
    tree = UnitTree()
    here = SubjectFactory(org_path=tree.offices[0].path)
    there = SubjectFactory(org_path=tree.offices[2].path)
    officer = reader_for(StaffFactory(role=Role.INSPECTOR, unit=tree.offices[0]))
    assert list(Subject.objects.visible_to(officer)) == [here]
    assert queries.find("粤味小馆", officer) == [here]
    assert queries.subject(there.pk, officer) is None
    owner = reader_for(owner_of(there))
    assert list(Subject.objects.visible_to(owner)) == [there]


def test_an_expired_grant_is_marked_and_a_renewed_one_reminded_anew() -> None:
    ended = GrantFactory(SubjectFactory(), ends_in=-1)
    soon = GrantFactory(SubjectFactory(), ends_in=20)
    assert actions.expire_grants() == 1
    ended.refresh_from_db()
    assert ended.state == "EXPIRED"
    count = lambda until: (until - today()).days  # noqa: E731
    horizon = today() + datetime.timedelta(days=150)
    assert actions.remind_of_expiry(count, horizon) == 1
    assert actions.remind_of_expiry(count, horizon) == 0
    assert Event.objects.filter(name="subjects.grant.expiring", record_id=soon.pk).count() == 1
    with pytest.raises(Refused):
        actions.change_grant(ended, {"data": {"items": []}}, SYSTEM)


def test_the_number_stays_when_a_grant_is_changed() -> None:
    grant = GrantFactory(SubjectFactory())
    changed = actions.change_grant(grant, {"data": {"items": ["HOT", "COLD"]}}, SYSTEM, "增项")
    assert changed.number == grant.number and codes.is_licence_number(changed.number)
    assert Grant.objects.get(pk=grant.pk).data["main_format"] == "2"


def test_the_very_one_that_was_named_is_found_among_hundreds_of_its_kind() -> None:
    Subject.objects.bulk_create(
        Subject(
            uuid=uuid.uuid4(),
            name=f"粤味餐饮{number}号店",
            type="INDIVIDUAL",
            org_path="SZ/",
            grams=searching.grams(f"粤味餐饮{number}号店"),
        )
        for number in range(lookup.SCAN)
    )
    chosen = SubjectFactory(name="粤味餐饮")
    assert queries.find("粤味餐饮")[0] == chosen
    assert queries.by_identifier(queries.uscc_of(chosen)) == chosen


def many(count: int, name: str) -> None:
    """So many subjects of a name with a number, as an import would leave them."""
    Subject.objects.bulk_create(
        Subject(
            uuid=uuid.uuid4(),
            name=f"{name}{number}号",
            type="INDIVIDUAL",
            org_path="SZ/FT/" if number % 2 else "SZ/LH/",
            grams=searching.grams(f"{name}{number}号"),
        )
        for number in range(count)
    )


@pytest.fixture
def statistics(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets the database count what stands in the register now."""

    def count() -> None:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE subjects_subject")
        monkeypatch.setattr(lookup, "_common", (0.0, frozenset()))

    return count


def test_common_words_are_found_without_walking_the_index(statistics: Callable[[], None]) -> None:
    many(300, "滨河餐饮")
    chosen = SubjectFactory(name="餐饮")
    statistics()
    assert {"滨河", "河餐", "餐饮"} <= lookup.common_pieces()
    with CaptureQueriesContext(connection) as asked:
        found = queries.find("餐饮")
    assert found[0] == chosen and len(found) == 20  # the one of that very name first, wherever it stands
    assert any("near WHERE" in query["sql"] for query in asked) and len(asked) <= 3


def test_two_common_words_that_seldom_stand_together_are_found_beyond_the_window(
    statistics: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    many(150, "滨河餐饮")
    many(150, "园岭烘焙")
    both = SubjectFactory(name="滨河烘焙")
    statistics()
    monkeypatch.setattr(lookup, "WINDOW", 50)
    assert {"滨河", "烘焙"} <= lookup.common_pieces()
    assert queries.find("滨河 烘焙") == [both]


def test_common_words_are_scoped_to_the_reader(statistics: Callable[[], None]) -> None:
    tree = UnitTree()
    many(80, "滨河餐饮")
    Subject.objects.filter(org_path="SZ/FT/").update(org_path=tree.districts[0].path)
    statistics()
    officer = StaffFactory(role=Role.INSPECTOR, unit=tree.districts[0])
    found = queries.find("餐饮", reader_for(officer), limit=100)
    assert len(found) == 40 and {row.org_path for row in found} == {tree.districts[0].path}


def test_a_mark_is_taken_off_once() -> None:
    subject = SubjectFactory()
    mark = actions.add_mark(subject, "ABNORMAL_LIST", SYSTEM, ground="未按期年报")
    seen = [actions.end_mark(mark, SYSTEM, "已补报"), actions.end_mark(mark, SYSTEM, "又一次")]
    assert [one.until for one in seen] == [today(), today()]
    assert list(Event.objects.filter(name="subjects.mark.ended").values_list("reason", flat=True)) == [
        "已补报"
    ]
    assert not actions.in_force_marks(subject).exists()


def test_who_acted_before_acts_again() -> None:
    subject = SubjectFactory()
    user = owner_of(subject)
    row = subject.representatives.get(user=user)
    actions.end_representation(row, SYSTEM, "换人")
    actions.end_representation(row, SYSTEM, "又一次")
    assert queries.subjects_of_user(user) == []
    actions.represent(user, subject, SYSTEM, row.role)
    assert queries.subjects_of_user(user) == [subject.pk]
    names = list(
        Event.objects.filter(record_id=row.pk, name__startswith="subjects.represent").values_list(
            "name", flat=True
        )
    )
    assert len(names) == 3 and len(set(names)) == 2

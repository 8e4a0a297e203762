"""Row-level security as the second wall: what a query that forgot its scope meets in the database."""

import datetime
import uuid
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, ProgrammingError, connection, transaction
from django.http import HttpResponse
from django.test import RequestFactory

from qipan.conf import pooling, wall
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow import queries
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.jobs import after_commit, job
from qipan.kernel.orgs import actions as orgs
from qipan.kernel.orgs.models import Staff
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.ui.middleware import ReaderMiddleware, WallMiddleware
from tests.flow.people import acts
from tests.orgs.factories import BusinessUserFactory, StaffFactory, UnitTree, reader_for
from tests.subjects.factories import SubjectFactory, owner_of

pytestmark = pytest.mark.django_db


def case(path: str, title: str, *, subject_id: int | None = None, opened_by: int | None = None) -> Case:
    """A row as the installation itself would put it there."""
    return Case.objects.create(
        flow_code="inspection.visit", flow_version=1, state="ASSIGNED", title=title, org_path=path,
        subject_id=subject_id, opened_by=opened_by,
    )  # fmt: skip


def order(path: str, title: str, **more: Any) -> WorkOrder:
    return WorkOrder.objects.create(
        kind="inspection.task", title=title, org_path=path, role=Role.INSPECTOR, **more
    )


class Two:
    """A case and an order in 福田 and in 南山, each of a business with an owner."""

    def __init__(self) -> None:
        self.tree = UnitTree()
        self.shops = [SubjectFactory(f"{name}的店", org_path=f"SZ/{name}/{name}01/") for name in ("FT", "NS")]
        self.owners = [owner_of(shop) for shop in self.shops]
        self.cases = [
            case(shop.org_path, shop.name, subject_id=shop.pk, opened_by=owner.pk)
            for shop, owner in zip(self.shops, self.owners, strict=True)
        ]
        self.orders = [order(shop.org_path, shop.name, subject_id=shop.pk) for shop in self.shops]

    def officer(self, code: str = "FT01", role: Role = Role.INSPECTOR) -> Staff:
        unit = next(
            unit for unit in (*self.tree.offices, *self.tree.districts, self.tree.city) if unit.code == code
        )
        return StaffFactory(role=role, unit=unit)


def met(model: Any, setting: str) -> list[str]:
    """The titles of all rows that a query without any filter finds."""
    with wall.standing(setting):
        return list(model.objects.order_by("pk").values_list("title", flat=True))


@pytest.mark.parametrize("model", [Case, WorkOrder])
def test_an_officer_of_one_bureau_meets_no_row_of_another(model: Any) -> None:
    two = Two()
    assert met(model, reader_for(two.officer("FT01")).wall()) == ["FT的店"]
    assert met(model, reader_for(two.officer("NS", Role.LIC_REVIEWER)).wall()) == ["NS的店"]
    assert met(model, reader_for(two.officer("SZ", Role.BUREAU_LEADER)).wall()) == ["FT的店", "NS的店"]


@pytest.mark.parametrize("model", [Case, WorkOrder])
def test_whoever_was_not_named_meets_nothing(model: Any) -> None:
    two = Two()
    without_post = StaffFactory(role=None, unit=two.tree.offices[0])
    for setting in (
        wall.SHUT, "nonsense", "OPEN", "|", "reader|||", Reader.anonymous().wall(), reader_for(without_post).wall(),
        reader_for(BusinessUserFactory()).wall(),
    ):  # fmt: skip
        assert met(model, setting) == [], setting
    assert len(met(model, wall.OPEN)) == 2


def test_a_connection_that_was_never_told_meets_nothing() -> None:
    Two()
    with connection.cursor() as cursor:
        cursor.execute("RESET ALL")
        raw = cursor.connection.execute(
            "SELECT (SELECT count(*) FROM flow_case), (SELECT count(*) FROM flow_workorder)"
        )
        assert raw.fetchone() == (0, 0)
    connection.told = None


@pytest.mark.parametrize("model", [Case, WorkOrder])
def test_a_business_meets_its_own_only(model: Any) -> None:
    two = Two()
    assert met(model, reader_for(two.owners[1]).wall()) == ["NS的店"]


def test_who_opened_a_case_meets_it_wherever_it_lies() -> None:
    two = Two()
    citizen = BusinessUserFactory()
    case("SZ/NS/NS02/", "来信", opened_by=citizen.pk)
    assert met(Case, reader_for(citizen).wall()) == ["来信"]
    assert met(Case, reader_for(two.officer("FT01")).wall()) == ["FT的店"]


def test_who_was_asked_to_take_part_in_another_bureau_meets_that_case_alone() -> None:
    two = Two()
    theirs, other = two.cases[1], case("SZ/NS/NS01/", "别的")
    asked = order("SZ/NS/NS01/", "会签", case=theirs)
    signer = two.officer("FT01")
    part = asked.participants.create(user=signer.user, part="SIGNER")
    setting = reader_for(signer).wall()
    assert met(Case, setting) == ["FT的店", "NS的店"]
    assert met(WorkOrder, setting) == ["FT的店", "会签"]
    assert other.title not in met(Case, setting)
    part.active = False
    part.save()
    assert met(Case, setting) == met(WorkOrder, setting) == ["FT的店"]


def test_lent_powers_widen_the_wall_for_as_long_as_they_are_lent() -> None:
    two = Two()
    giver, taker = two.officer("NS01", Role.OFFICE_HEAD), two.officer("FT01")
    day = datetime.date.today()
    lent = orgs.delegate(giver, taker, [Role.OFFICE_HEAD], day, day, "出差", actor=reader_for(giver).actor())
    assert met(Case, reader_for(taker).wall()) == ["FT的店", "NS的店"]
    orgs.revoke_delegation(lent, actor=reader_for(giver).actor(), reason="回来了")
    assert met(Case, reader_for(taker).wall()) == ["FT的店"]


@pytest.mark.parametrize("model", [Case, WorkOrder])
def test_nothing_is_written_across_the_wall(model: Any) -> None:
    two = Two()
    setting = reader_for(two.officer("FT01")).wall()
    theirs = (two.cases if model is Case else two.orders)[1]
    with wall.standing(setting):
        assert model.objects.filter(pk=theirs.pk).update(title="改了") == 0
        assert model.objects.filter(pk=theirs.pk).delete()[0] == 0
        with pytest.raises(ObjectDoesNotExist):
            model.objects.select_for_update().get(pk=theirs.pk)
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            case("SZ/NS/NS01/", "塞进去的") if model is Case else order("SZ/NS/NS01/", "塞进去的")
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            model.objects.filter(title="FT的店").update(org_path="SZ/NS/NS01/", subject_id=None)
        assert model.objects.filter(title="FT的店").update(title="自己的") == 1
    theirs.refresh_from_db()
    assert theirs.title == "NS的店"


def test_an_action_looks_beyond_the_wall_and_only_the_action() -> None:
    """Rules ask what lies elsewhere (a parent in another bureau); the wall is back when the action ends or fails."""
    two = Two()
    parent = order("SZ/", "全市行动", completion="all")
    child = order("SZ/FT/FT01/", "福田部分", parent=parent)
    officer = two.officer("FT01")
    with wall.standing(reader_for(officer).wall()):
        assert "全市行动" not in WorkOrder.objects.values_list("title", flat=True)
        flow.claim(child, actor=acts(officer))
        flow.finish(WorkOrder.objects.get(pk=child.pk), actor=acts(officer))
        assert "全市行动" not in WorkOrder.objects.values_list("title", flat=True)
        with pytest.raises(ZeroDivisionError), transaction.atomic(), wall.lifted():
            assert WorkOrder.objects.filter(title="全市行动").exists()
            raise ZeroDivisionError
        assert "全市行动" not in WorkOrder.objects.values_list("title", flat=True)
    parent.refresh_from_db()
    assert parent.state == "DONE"


def test_the_scope_of_every_reader_lies_within_the_wall() -> None:
    """The wall refuses nobody what the first wall allows: for readers of every kind both give the same rows."""
    two = Two()
    asked = order("SZ/NS/NS01/", "会签", case=two.cases[1])
    signer = two.officer("FT01")
    asked.participants.create(user=signer.user, part="SIGNER")
    case("SZ/FT/FT02/", "来信", opened_by=two.owners[1].pk)
    order("SZ/NS/NS02/", "我派的", issued_by=signer.user_id)
    people = [
        StaffFactory(role=role, unit=unit)
        for role in Role
        for unit in (two.tree.city, two.tree.districts[0], two.tree.offices[2])
    ]
    compared = 0
    for user in [*people, signer, *two.owners, BusinessUserFactory()]:
        reader = reader_for(user)
        for model in (Case, WorkOrder):
            free = set(model.objects.visible_to(reader).values_list("pk", flat=True))
            with wall.standing(reader.wall()):
                assert set(model.objects.visible_to(reader).values_list("pk", flat=True)) == free
            compared += len(free)
    assert compared > 90


class TestRequests:
    """The wall stands from before the reader is known until after the answer, whatever happens in between."""

    @staticmethod
    def titles(_request: Any = None) -> str:
        return ",".join(Case.objects.order_by("pk").values_list("title", flat=True))

    def ask(self, user: Any, view: Any) -> str:
        request = RequestFactory().get("/")
        request.user = user
        request.session = {}  # type: ignore[assignment]
        stack = WallMiddleware(ReaderMiddleware(lambda asked: HttpResponse(view(asked))))
        return str(stack(request).content.decode())

    def test_each_sees_its_own_and_leaves_nothing_to_the_next(self) -> None:
        two = Two()

        def view(request: Any) -> str:
            before = self.titles()
            assert request.reader.user_id is not None
            return f"{before}|{self.titles()}"

        for owner, name in (*zip(two.owners, ("FT的店", "NS的店"), strict=True), (two.owners[0], "FT的店")):
            assert self.ask(owner, view) == f"|{name}"
        assert self.titles() == "FT的店,NS的店"

    def test_a_request_that_fails_leaves_no_wall_behind(self) -> None:
        two = Two()

        def view(request: Any) -> str:
            assert request.reader.user_id and self.titles() == "FT的店"
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            self.ask(two.owners[0], view)
        assert self.titles() == "FT的店,NS的店"

    def test_a_rollback_does_not_take_the_wall_away(self) -> None:
        two = Two()

        def view(request: Any) -> str:
            with pytest.raises(DatabaseError), transaction.atomic():
                assert request.reader.user_id and self.titles() == "FT的店"
                connection.cursor().execute("SELECT 1/0")
            return self.titles()

        assert self.ask(two.owners[0], view) == "FT的店"

    def test_what_is_tried_after_the_commit_works_for_the_installation(
        self, django_capture_on_commit_callbacks: Any
    ) -> None:
        two = Two()
        seen = []
        look = job(queue="tests")(lambda: seen.append(self.titles()))

        def view(request: Any) -> str:
            assert request.reader.user_id
            with django_capture_on_commit_callbacks(execute=True):
                after_commit(look)
            return self.titles()

        assert self.ask(two.owners[0], view) == "FT的店"
        assert seen == ["FT的店,NS的店"]


def test_a_connection_from_the_pool_forgets_for_whom_it_read() -> None:
    """The pool's own trial of a connection, made before it hands one out, is what takes the wall away."""
    from psycopg_pool import ConnectionPool

    wanted = {**connection.get_connection_params(), "autocommit": True}
    check = ConnectionPool.check_connection
    with ConnectionPool(
        kwargs=wanted, min_size=1, max_size=1, check=check, connection_class=pooling.Connection
    ) as pool:
        with pool.connection() as first:
            first.execute("SELECT set_config('qipan.wall', 'open', false)")
            process = first.info.backend_pid
        with pool.connection() as second:
            assert second.info.backend_pid == process
            assert second.execute("SELECT current_setting('qipan.wall')").fetchone() == ("",)


def test_the_page_of_a_case_is_found_through_both_walls() -> None:
    two = Two()
    reader = reader_for(two.officer("FT01"))
    with wall.standing(reader.wall()):
        assert queries.case_for(reader, two.cases[0].uuid) == two.cases[0]
        assert queries.case_for(reader, two.cases[1].uuid) is None
        assert queries.case_for(reader, uuid.uuid4()) is None


def test_a_path_that_could_be_read_as_several_opens_nothing() -> None:
    assert wall.around(1, ["SZ/FT/|x", "SZ/FT/,SZ/NS/", "", "SZ/LH/LH01/"]) == "reader|1|SZ/LH/|"


def test_the_walls_are_on_and_the_application_cannot_take_them_down() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, relrowsecurity, pg_get_userbyid(relowner) FROM pg_class WHERE relname = ANY(%s)",
            [list(wall.TABLES)],
        )
        rows = cursor.fetchall()
        assert {name for name, on, _owner in rows if on} == set(wall.TABLES)
        cursor.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = 'qipan_app' AND (rolsuper OR rolbypassrls)"
        )
        assert cursor.fetchall() == []
        assert all(owner != "qipan_app" for _name, _on, owner in rows)

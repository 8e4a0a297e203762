"""What is counted by triggers and nightly sums is what counting row by row gives, whatever happened in between."""

import datetime
import uuid
from collections import Counter

import pytest
from django.db import connection, transaction
from django.db.models import Count

from qipan.domains.seals import figures, jobs
from qipan.kernel.documents import counting, seals
from qipan.kernel.documents.models import AGENCY_KINDS, Seal, SealCount, SealKind, SealUse
from qipan.kernel.ledger.clock import at, now
from qipan.kernel.orgs.roles import Role
from tests.orgs.factories import StaffFactory, UnitTree, reader_for
from tests.seals.shop import SYSTEM, Shop

pytestmark = pytest.mark.django_db


def plain(reader) -> dict[str, int]:
    rows = Seal.objects.visible_to(reader).values_list("state").annotate(many=Count("pk")).order_by()
    return {str(Seal(state=state).get_state_display()): many for state, many in rows}


def test_seals_are_counted_as_they_are_made_moved_and_removed() -> None:
    tree = UnitTree()
    city, district = (
        reader_for(StaffFactory(role=Role.BUREAU_LEADER, unit=unit))
        for unit in (tree.city, tree.districts[0])
    )

    def same() -> None:
        for reader in (city, district):
            assert dict(figures.counts(reader).by_state) == plain(reader)
            assert figures.counts(reader).seals == Seal.objects.visible_to(reader).count()

    same()
    shop = Shop()
    made = [shop.seal(kind) for kind in (SealKind.COMPANY, SealKind.CONTRACT, SealKind.FINANCE)]
    seals.create_seal(tree.districts[1], SYSTEM)
    same()
    seals.move(made[0], "suspend", SYSTEM, "核查")
    seals.move(made[1], "report_lost", SYSTEM, "遗失")
    same()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        seals.move(made[2], "revoke", SYSTEM, "注销")
        same()
        raise ZeroDivisionError
    same()
    Seal.objects.filter(pk__in=[one.pk for one in made]).update(state="REVOKED")
    same()
    counting.gather()
    same()
    assert (
        SealCount.objects.count() == SealCount.objects.values("org_path", "kind", "state").distinct().count()
    )
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM documents_seal WHERE id = %s", [made[1].pk])
    same()
    SealCount.objects.all().delete()
    counting.recount()
    same()


def entered(seal: Seal, moment: datetime.datetime, many: int) -> None:
    SealUse.objects.bulk_create(
        SealUse(uuid=uuid.uuid4(), seal=seal, at=moment, org_path=seal.org_path, subject_id=seal.subject_id,
                kind=seal.kind, title="合同", digest=uuid.uuid4().hex * 2)
        for _one in range(many)
    )  # fmt: skip


def test_uses_by_month_unit_and_scene_are_those_of_the_register() -> None:
    tree = UnitTree()
    shop = Shop()
    own, agency = shop.seal(), seals.create_seal(tree.districts[0], SYSTEM)
    reader = reader_for(StaffFactory(role=Role.BUREAU_LEADER, unit=tree.districts[0]))
    start = now().replace(day=15, hour=4) - datetime.timedelta(days=62)

    def same() -> None:
        found = figures.of_uses(reader)
        uses = list(SealUse.objects.visible_to(reader))
        assert found.total.total == len(uses) == figures.count_uses(reader)[0] == figures.counts(reader).uses
        assert found.total.government == sum(use.kind in AGENCY_KINDS for use in uses)
        months = Counter(
            f"{use.at.astimezone(datetime.timezone(datetime.timedelta(hours=8))):%Y-%m}" for use in uses
        )
        assert {line.title: line.total for line in found.months} == months
        assert sum(line.total for line in found.units) == len(uses)
        assert sum(many for _kind, many in found.kinds) == len(uses)

    same()
    for day in range(0, 60, 7):
        with at(start + datetime.timedelta(days=day)):
            entered(own, now() - datetime.timedelta(hours=1), 2 + day % 3)
            entered(agency, now(), 1)
            same()
        with at(start + datetime.timedelta(days=day + 1)):
            assert jobs.tally() > 0
            assert jobs.tally() == 0
            same()
    same()
    names = [line.title for line in figures.of_uses(reader).units]
    assert tree.districts[0].name in names


def test_a_stranger_to_the_unit_counts_nothing() -> None:
    tree = UnitTree()
    shop = Shop()
    entered(shop.seal(), now(), 3)
    elsewhere = reader_for(StaffFactory(role=Role.BUREAU_LEADER, unit=tree.districts[1]))
    assert figures.counts(elsewhere).seals == 0
    assert figures.of_uses(elsewhere).total.total == 0

"""The 54 automatic items (秒办): each is walked over HTTP from its page to its documents, and each has what sends it to a person."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client, override_settings

from qipan.domains.licensing.guarding import actions as guarding
from qipan.domains.licensing.guarding.models import GuardFinding
from qipan.domains.licensing.models import Application
from qipan.kernel.decisions import queries as decisions
from qipan.kernel.decisions.models import Decision
from qipan.kernel.documents import seals
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.items import queries as items
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.models import Event
from tests.licensing.automatic import ZONE, Walk, applied, prepare, tomorrow, walked, walks
from tests.licensing.city import SYSTEM, City
from tests.orgs.factories import signed_in

pytestmark = pytest.mark.django_db
EVERY = {walk.item: walk for walk in walks()}


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[City]:
    """The catalogues and units once for all items; rolled back at the end."""
    folder = tmp_path_factory.mktemp("automatic")
    with django_db_blocker.unblock(), override_settings(HOME=folder), transaction.atomic():
        made = City()
        seals.create_seal(made.tree.city, SYSTEM)
        yield made
        transaction.set_rollback(True)


@pytest.fixture
def city(world: City, db: None) -> City:
    """As it was, for each item: what a test does is rolled back."""
    return world


def test_every_automatic_item_is_walked_and_each_has_its_own_table(city: City) -> None:
    rows = {item.code: item.table for item in items.items_for_public() if item.is_auto}
    assert set(rows) == set(EVERY) and len(rows) == 54
    assert len(set(rows.values())) == 54
    bodies = {code: decisions.table(table) for code, table in rows.items()}
    conditions = [(one.inputs, tuple(rule.when for rule in one.rules)) for one in bodies.values()]
    assert len(set(conditions)) == 54, "two items whose tables ask the very same"


@pytest.mark.parametrize("walk", EVERY.values(), ids=EVERY)
def test_it_is_granted_at_once_and_its_documents_are_there(city: City, walk: Walk) -> None:
    made = prepare(walk)
    client = signed_in(Client(), made.user)
    address = walked(client, made)
    row = Application.objects.select_related("case").get(item_code=walk.item)
    assert row.mode == "AUTO", row.mode_reasons
    assert row.case.state == "GRANTED"
    drain()
    case = Case.objects.get(pk=row.pk)
    assert (case.state, case.result) == ("ISSUED", "GRANTED")
    assert not WorkOrder.objects.filter(case=case).exists()
    people = {one.actor_kind for one in Event.objects.filter(record_kind="flow.case", record_id=case.pk)}
    assert "staff" not in people
    page = client.get(address)
    assert page.status_code == 200
    links = {part.split('"')[0] for part in page.content.decode().split('href="/documents/')[1:]}
    assert links
    for link in links:
        got = client.get(f"/documents/{link}")
        content = b"".join(got.streaming_content) if got.streaming else got.content
        assert content.startswith(b"%PDF-"), link
    decision = Decision.objects.select_related("table").get(pk=row.decision_id)
    assert decision.table.code == items.item(walk.item).table
    assert decision.outputs == {"result": "GRANT"} and decisions.replayed(decision).equal
    with tomorrow():
        runs = guarding.replay_day(row.decided_at.astimezone(ZONE).date())
    told = list(GuardFinding.objects.values_list("reasons", flat=True))
    assert (sum(run.checked for run in runs), told) == (1, []), "a false alarm about what the act itself changed"


@pytest.mark.parametrize("walk", EVERY.values(), ids=EVERY)
def test_a_rule_may_grant_and_never_refuse_a_miss_goes_to_a_person(city: City, walk: Walk) -> None:
    """DOMAIN 3.4: one fact of its own conditions is otherwise, and a person is told which."""
    row = applied(city, prepare(walk, spoil=True))
    assert row.case.state == "SUBMITTED" and row.case.result == ""
    assert row.mode == "INSTANT"
    assert any(walk.reason in reason for reason in row.mode_reasons), row.mode_reasons
    assert WorkOrder.objects.filter(case=row.case, kind="licensing.accept", state="OPEN").count() == 1
    decision = Decision.objects.select_related("table").get(pk=row.decision_id)
    assert decision.outputs == {"result": "PERSON"} and decisions.replayed(decision).equal

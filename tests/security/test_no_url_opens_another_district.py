"""Every address, called as every role of another district, as another business, a member of the public, a stranger, and
as people of the district who may not (any more): refused or empty, and nothing is written.

The product's own scopes are tried alone, without the database's second wall behind them; it is tried last, by itself.
"""

import datetime
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, transaction
from django.test import Client, override_settings

from qipan.conf import wall
from qipan.domains.licensing import actions as licensing
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs import actions as orgs
from qipan.kernel.orgs.models import Staff
from qipan.kernel.orgs.roles import ADMINISTRATORS, Role
from tests.orgs.factories import (
    SYSTEM,
    BusinessUserFactory,
    PublicUserFactory,
    StaffFactory,
    reader_for,
    signed_in,
)
from tests.security import addresses, planted
from tests.security.addresses import ADMIN, DISTRICT, OWN, PUBLIC
from tests.security.districts import Futian
from tests.security.reaching import OTHER_METHODS, Prober, is_refused
from tests.subjects.factories import GrantFactory, SubjectFactory, owner_of

pytestmark = pytest.mark.django_db
EVERY = addresses.every()


class World:
    """福田 with everything, and the readers of elsewhere."""

    def __init__(self) -> None:
        self.futian = Futian()
        self.prober = Prober(self.futian)
        self.clients: dict[str, Client] = {"stranger": Client()}
        nanshan = self.futian.tree.districts[1]
        for role in Role:
            self.clients[role.value] = self._signed(StaffFactory(role=role, unit=nanshan))
        every = [role for role in Role if role not in ADMINISTRATORS]
        self.clients["every role"] = self._signed(StaffFactory(roles=every, unit=nanshan))
        self.clients["business"] = signed_in(Client(), self._business())
        self.clients["public"] = signed_in(Client(), PublicUserFactory())
        self.clients |= self._no_longer()
        self.prober.start()

    @staticmethod
    def _signed(staff: Staff) -> Client:
        return signed_in(Client(), staff.user)

    def _business(self) -> Any:
        subject = SubjectFactory("南山自己的店", org_path="SZ/NS/NS01/")
        grant = GrantFactory(subject)
        user = owner_of(subject)
        licensing.start("FB-RENEW", uuid=uuid.uuid4(), reader=reader_for(user), subject=subject, grant=grant)
        return user

    def _no_longer(self) -> dict[str, Client]:
        """People of 福田 itself who may not, or not any more."""
        office = self.futian.tree.offices[0]
        owing = Client()
        owing.force_login(StaffFactory(role=Role.OFFICE_HEAD, unit=office).user)
        gone = StaffFactory(role=Role.OFFICE_HEAD, unit=office)
        orgs.end_appointment(
            gone.appointments.get(), today() - datetime.timedelta(days=1), actor=SYSTEM, reason="调离"
        )
        return {
            "owes a second factor": owing,
            "without a post": self._signed(StaffFactory(role=None, unit=office)),
            "post ended": self._signed(gone),
            "business of nobody": signed_in(Client(), BusinessUserFactory()),
        }


def second_wall(force: str) -> None:
    """Let the second wall hold for the suite's role too, or not, until the present transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in wall.TABLES:
            cursor.execute(f"ALTER TABLE {table} {force} ROW LEVEL SECURITY")


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Built once; every call is rolled back, and all of it at the end."""
    folder = tmp_path_factory.mktemp("districts")
    # Programs of other building blocks are let in, so that what is refused to sessions is not merely switched off.
    clients = folder / "clients.json"
    clients.touch(0o600)
    clients.write_text('{"mediators": ["127.0.0.1"], "clients": {"SZ/GOV/1/peer": {"applicant": "qp_none"}}}')
    home = override_settings(HOME=folder, QIPAN_GOVSTACK_CLIENTS=str(clients))
    with django_db_blocker.unblock(), home, transaction.atomic():
        second_wall("NO FORCE")
        yield World()
        transaction.set_rollback(True)


#: Readers who may something of their own elsewhere, and readers who may nothing anywhere.
SOMEBODY = ("business", "every role", "auditor")
NOBODY = ("stranger", "public", "business of nobody", "owes a second factor", "without a post", "post ended")
THOROUGH = ("stranger", "business", "every role", *sorted(ADMINISTRATORS))


def test_every_address_is_declared_and_none_that_is_gone() -> None:
    assert [pattern for pattern in EVERY if addresses.entry_of(pattern) is None] == []
    assert set(addresses.DECLARED) - set(EVERY) == set()


def test_every_address_is_asked_for_something(world: World) -> None:
    """A pattern that nothing fills would be refused to nobody."""
    entries = {pattern: addresses.entry_of(pattern) for pattern in EVERY}
    unasked = [
        pattern
        for pattern, entry in entries.items()
        if entry is not None and next(world.prober.fillings(pattern, entry), None) is None
    ]
    assert unasked == []


def check(world: World, name: str, *, sparse: bool, turn: int | None = None) -> None:
    wrong = found(world.prober, world.clients[name], sparse=sparse, turn=turn)
    still_in = world.clients[name].get("/me/").status_code
    assert still_in == (302 if name in {"stranger", "owes a second factor"} else 200)
    assert not wrong, f"{len(wrong)} holes:\n" + "\n".join(wrong[:60])


@pytest.mark.parametrize("name", SOMEBODY)
def test_everything_is_refused_or_empty_and_nothing_is_written(world: World, name: str) -> None:
    check(world, name, sparse=True)


@pytest.mark.parametrize("name", NOBODY)
def test_so_it_is_to_who_may_nothing_at_all(world: World, name: str) -> None:
    """One object at each address, for each of them one of another sort: together they try every sort."""
    check(world, name, sparse=True, turn=NOBODY.index(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", NOBODY)
def test_so_it_is_with_an_object_of_each_sort(world: World, name: str) -> None:
    check(world, name, sparse=True)


@pytest.mark.slow
@pytest.mark.parametrize("role", sorted(set(Role) - ADMINISTRATORS))
def test_to_each_role_of_another_district(world: World, role: Role) -> None:
    check(world, role.value, sparse=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", THOROUGH)
def test_with_every_object_and_every_method(world: World, name: str) -> None:
    check(world, name, sparse=False)


def found(
    prober: Prober,
    client: Client,
    *,
    sparse: bool,
    turn: int | None = None,
    only: Callable[[str], bool] = lambda pattern: True,
) -> list[str]:
    """What is wrong at all addresses for one reader.

    `sparse`: one object of each sort, and no strange methods. `turn`: only that one of them, counted round and round.
    """
    wrong: list[str] = []
    for pattern, address in EVERY.items():
        entry = addresses.entry_of(pattern)
        if entry is None or not only(pattern):
            continue
        paths = list(prober.fillings(pattern, entry, sparse=sparse))
        for place, path in enumerate(paths if turn is None or not paths else [paths[turn % len(paths)]]):
            for method in sorted(_methods(address, entry, sparse, place)):
                wrong += prober.probe(client, entry, method, path)
    return wrong


def _methods(address: addresses.Address, entry: addresses.Entry, sparse: bool, place: int) -> set[str]:
    if not sparse:
        return address.methods | (set(OTHER_METHODS) if place == 0 and entry.scope != ADMIN else set())
    # What is the same for all who are signed in is posted to by those who are not sparse.
    return address.methods - ({"POST"} if entry.scope in {PUBLIC, OWN, ADMIN} else set())


def test_planted_holes_are_found(world: World) -> None:
    """Views that forget what they must not, each found by what it does."""
    client, prober = world.clients["inspector"], world.prober
    with override_settings(ROOT_URLCONF=planted.__name__):
        strange = set(addresses.every()) - set(EVERY)
        assert strange == set(planted.FAULTS)
        assert [pattern for pattern in strange if addresses.entry_of(pattern)] == []
        for pattern, (entry, method, problem) in planted.FAULTS.items():
            wrong = [
                line
                for path in prober.fillings(pattern, entry)
                for line in prober.probe(client, entry, method, path)
            ]
            assert any(problem in line for line in wrong) == bool(problem), (pattern, wrong)
    with pytest.raises(LookupError, match="nothing declared to fill uuid"):
        list(prober.fillings("planted/<uuid:uuid>/", addresses.of(DISTRICT)))


def test_the_second_wall_stands_where_the_first_was_forgotten(world: World) -> None:
    """The same views, whose authors forgot the scope of cases and orders, show nothing once the database looks too."""
    client, prober = world.clients["inspector"], world.prober
    forgotten = ("undeclared/", "cases/<uuid:uuid>/", "orders/", "export/", "counts/", "writes/<uuid:uuid>/")
    with override_settings(ROOT_URLCONF=planted.__name__), transaction.atomic():
        second_wall("FORCE")
        for pattern in map("planted/{}".format, forgotten):
            entry, method, problem = planted.FAULTS[pattern]
            wrong: list[str] = []
            for path in prober.fillings(pattern, entry):
                with suppress(ObjectDoesNotExist):  # the view found nothing and did not expect it
                    wrong += prober.probe(client, entry, method, path)
            assert not any(problem in line for line in wrong), (pattern, wrong)
        transaction.set_rollback(True)


@pytest.mark.slow
def test_the_fillers_are_real(world: World) -> None:
    """At each address of a district somebody of 福田 is let in with the same fillers, so that the refusals mean something."""
    futian = world.futian
    people = [futian.head, futian.lead, futian.receiver, futian.reviewer, futian.decider, futian.leader,
              futian.publisher, futian.releaser, futian.editor, futian.third]  # fmt: skip
    clients = [signed_in(Client(), person.user) for person in people]
    clients += [signed_in(Client(), shop.representatives.get().user) for shop in futian.shops]
    clients += [signed_in(Client(), user) for user in (futian.agent, futian.machine)]
    closed = []
    for pattern, address in EVERY.items():
        entry = addresses.entry_of(pattern)
        if entry is not None and entry.scope == DISTRICT and not _opens(world, clients, address, entry):
            closed.append(pattern)
    assert closed == []


def _opens(world: World, clients: list[Client], address: addresses.Address, entry: addresses.Entry) -> bool:
    for path in world.prober.fillings(address.pattern, entry):
        for client in clients:
            for method in sorted(address.methods | {"HEAD"}):
                with transaction.atomic():
                    _call, answer = world.prober.call(client, method, path)
                    transaction.set_rollback(True)
                if answer.status_code in {409, 422} or not is_refused(answer):
                    return True
    return False

"""The organisation, its people and their sign-in, for every room's tests.

tree = UnitTree()                                   # the city, two bureaus, their offices, 深汕 without one
officer = StaffFactory(role=Role.INSPECTOR, unit=tree.offices[0])
reader = reader_for(officer)
shop = BusinessUserFactory()
signed_in(client, officer.user)
"""

import datetime
import itertools
from collections.abc import Iterable
from typing import Any

import factory
from allauth.account.internal.flows.login import record_authentication
from django.http import HttpRequest
from django.test import Client

from qipan.kernel.accounts.actions import create_person
from qipan.kernel.accounts.models import User, UserKind
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs import actions
from qipan.kernel.orgs.models import Level, Post, Staff, Street, Unit
from qipan.kernel.orgs.queries import reader_of
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role

PASSWORD = "qipan-test-2026"
SYSTEM = Actor.system()
_numbers = itertools.count(1)


class UnitTree:
    """A small city: `city` SZ/, `districts` 福田 FT and 南山 NS, `offices` FT01 FT02 NS01 NS02, `bureau` 深汕 SS.

    Made once a test and found again by every later `UnitTree()` of the same test.
    """

    def __init__(self) -> None:
        self.city = self._unit("SZ", "深圳市市场监督管理局", "市局", Level.CITY, None, "440300")
        futian = self._unit("FT", "福田监管局", "福田局", Level.DISTRICT, self.city, "440304")
        nanshan = self._unit("NS", "南山监管局", "南山局", Level.DISTRICT, self.city, "440305")
        self.districts = [futian, nanshan]
        self.offices = [
            self._unit("FT01", "园岭监管所", "园岭所", Level.OFFICE, futian, "440304", "园岭街道", "福田区"),
            self._unit("FT02", "福田监管所", "福田所", Level.OFFICE, futian, "440304", "福田街道", "福田区"),
            self._unit("NS01", "南头监管所", "南头所", Level.OFFICE, nanshan, "440305", "南头街道", "南山区"),
            self._unit("NS02", "粤海监管所", "粤海所", Level.OFFICE, nanshan, "440305", "粤海街道", "南山区"),
        ]
        self.bureau = self._unit(
            "SS", "深汕监管局", "深汕局", Level.DISTRICT, self.city, "", "鹅埠镇", "深汕特别合作区"
        )

    @staticmethod
    def _unit(
        code: str,
        name: str,
        short: str,
        level: Level,
        parent: Unit | None,
        division: str,
        street: str = "",
        area: str = "",
    ) -> Unit:
        found = Unit.objects.filter(code=code).first()
        if found:
            return found
        made = actions.create_unit(
            code,
            name,
            short,
            level,
            parent,
            division_code=division,
            licence_area_code=division,
            is_demo=True,
            actor=SYSTEM,
        )
        if street:
            Street.objects.create(unit=made, name=street, division_code=division, area_name=area)
        return made


class UserFactory(factory.django.DjangoModelFactory):
    """An account; the password is `PASSWORD`."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda number: f"user{number}")
    label = factory.Sequence(lambda number: f"用户{number}")
    kind = UserKind.PUBLIC

    @factory.post_generation
    def password(self: User, create: bool, extracted: str | None, **kwargs: Any) -> None:  # type: ignore[misc]
        self.set_password(extracted or PASSWORD)
        if create:
            self.save()


class PublicUserFactory(UserFactory):
    """A member of the public with an account."""

    kind = UserKind.PUBLIC


class BusinessUserFactory(UserFactory):
    """Somebody who acts for a business; the subjects room says for which."""

    kind = UserKind.BUSINESS


def post_with(unit: Unit, roles: Iterable[Role], line: str = "") -> Post:
    """A post in the unit that carries exactly these roles (for the line)."""
    code = f"{unit.code}-{'-'.join(sorted(roles))}{'-' + line if line else ''}"[:40]
    found = Post.objects.filter(code=code).first()
    return found or actions.create_post(unit, code, code, [(role, line) for role in roles], actor=SYSTEM)


def StaffFactory(
    role: Role | None = Role.INSPECTOR,
    unit: Unit | None = None,
    *,
    roles: Iterable[Role] = (),
    line: str = "",
    certified: bool = True,
    username: str = "",
    label: str = "",
) -> Staff:
    """User, staff, post and appointment in one, with a valid enforcement certificate unless `certified` is False.

    `role=None` makes somebody without any post. `unit` is the first office of the tree when not given.
    """
    unit = unit or UnitTree().offices[0]
    number = next(_numbers)
    user = UserFactory(
        kind=UserKind.STAFF, username=username or f"staff{number}", label=label or f"工作人员{number}"
    )
    staff = actions.create_staff(user, unit, f"SZ{number:06d}", actor=SYSTEM)
    if certified:
        actions.qualify(
            staff,
            certificate_number=f"19{number:09d}",
            certificate_valid_to=today() + datetime.timedelta(days=700),
            actor=SYSTEM,
        )
    wanted = list(roles) or ([role] if role else [])
    if wanted:
        start = today() - datetime.timedelta(days=365)
        actions.appoint(staff, post_with(unit, wanted, line), start, actor=SYSTEM)
    return staff


def as_person(user: User, name: str = "陈店主", phone: str = "13700137000") -> User:
    """The account is a person's from now on, with a phone to which messages and codes go."""
    user.person = create_person(name=name, phone=phone, actor=SYSTEM)
    user.save(update_fields=["person"])
    return user


def reader_for(who: Staff | User) -> Reader:
    """The reader behind a member of staff or a user."""
    return reader_of(User.objects.get(pk=who.user_id if isinstance(who, Staff) else who.pk))


def actor_for(staff: Staff, role: Role | None = None, org_path: str = "") -> Actor:
    """The member of staff as the one who acts, in the post that gives the role."""
    return reader_for(staff).actor(role, org_path)


def signed_in(client: Client, user: User) -> Client:
    """The test client, signed in as the user with password and second factor."""
    client.force_login(user, backend="qipan.kernel.accounts.backends.LoginBackend")
    request = HttpRequest()
    request.session = client.session
    request.user = user
    record_authentication(request, user, method="password", username=user.username)
    record_authentication(request, user, method="mfa", type="totp", id=0)
    request.session.save()
    return client

"""The people of the city who sign in: staff in the standard posts of every unit, and those who act for businesses.

They all have the demo's one password and one second factor, so that a visitor can be anybody; both work in the demo
settings only (the sign-in refuses demo accounts anywhere else).
"""

import datetime
import json
from dataclasses import dataclass, field

import numpy as np
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password

from qipan.city import naming
from qipan.city.copying import NULL, Ref, Sheet, escaped
from qipan.city.dice import Dice
from qipan.city.parts import PASSWORD, SECRET, officer
from qipan.city.shape import Plan
from qipan.kernel.accounts.models import User
from qipan.kernel.orgs.models import Appointment, Post, Staff, Unit

SEVERAL = {"window": 2, "examine": 2, "decide": 2, "officer": 4, "inspector": 0, "command": 3, "sampler": 2}
"""How many hold a post; 0 for as many as the plan says; one where nothing is said."""
CERTIFIED = frozenset({"inspector", "officer", "head", "unit-head", "sampler"})
YEARS = datetime.timedelta(days=365)


@dataclass(frozen=True)
class Member:
    """One member of staff to be: user name, display name, unit and post (both by code), number."""

    username: str
    label: str
    unit: str
    post: str
    number: str
    certified: bool
    lawyer: bool


@dataclass
class People:
    """Who was made: user ids by unit code and post, in the order of their numbers."""

    by_post: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def holders(self, unit: str, post: str) -> list[int]:
        """The user ids of those who hold a post in a unit."""
        return self.by_post.get((unit, post), [])


def members(plan: Plan, units: list[tuple[str, list[str]]]) -> list[Member]:
    """Everybody on the staff, from the units with their posts (codes, in a stable order)."""
    found = []
    places = [
        (unit, post, number)
        for unit, posts in units
        for post in posts
        for number in range(1, (SEVERAL.get(post, 1) or plan.inspectors) + 1)
    ]
    dice = Dice(plan.seed, "staff")
    for at, ((unit, post, number), numbers) in enumerate(
        zip(places, dice.numbers(len(places)), strict=True), start=1
    ):
        found.append(
            Member(
                username=officer(unit, post, number),
                label=naming.person(numbers),
                unit=unit,
                post=post,
                number=f"SZ{at:06d}",
                certified=post in CERTIFIED,
                lawyer=post == "legal",
            )
        )
    return found


def posts_by_unit() -> list[tuple[str, list[str]]]:
    """Every unit with its standard posts."""
    found: dict[str, list[str]] = {}
    rows = Post.objects.order_by("unit__path", "code").values_list("unit__code", "code")
    for unit, code in rows:
        found.setdefault(unit, []).append(code.removeprefix(f"{unit}-"))
    return list(found.items())


class Register:
    """The tables in which people are entered."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.users = Sheet(User, numbered=True)
        self.factors = Sheet(Authenticator)
        self.staff = Sheet(Staff, numbered=True)
        self.appointments = Sheet(Appointment)
        self._password = make_password(PASSWORD)

    def enter_users(self, names: list[str], labels: list[str], kind: str) -> dict[str, int]:
        """Open the accounts that are not there yet; returns every id by user name."""
        known = dict(User.objects.filter(username__in=names).values_list("username", "pk"))
        fresh = [(name, label) for name, label in zip(names, labels, strict=True) if name not in known]
        self.users.note([f"{kind} {name} {label}" for name, label in zip(names, labels, strict=True)])
        if kind == "staff":
            self.factors.note(names)
        moment = f"{self.plan.as_of.isoformat()} 00:00:00+08"
        self.users.put(
            {
                "password": self._password,
                "username": [name for name, _label in fresh],
                "label": [label for _name, label in fresh],
                "kind": kind,
                "date_joined": moment,
                "is_demo": "t",
            },
            len(fresh),
            noted=True,
        )
        known |= {name: self.users.base + at for at, (name, _label) in enumerate(fresh)}
        if kind == "staff" and fresh:
            adapter = get_adapter()
            self.factors.put(
                {
                    "user": Ref(self.users, np.arange(len(fresh))),
                    "type": "totp",
                    "data": [escaped(json.dumps({"secret": adapter.encrypt(SECRET)})) for _each in fresh],
                    "created_at": moment,
                },
                len(fresh),
                noted=True,
            )
        return known

    def enter_staff(self, everybody: list[Member]) -> People:
        """Enter the members of staff who are not there yet, with certificate and appointment."""
        users = self.enter_users(
            [each.username for each in everybody], [each.label for each in everybody], "staff"
        )
        there = set(Staff.objects.filter(user__in=users.values()).values_list("user_id", flat=True))
        fresh = [each for each in everybody if users[each.username] not in there]
        units = dict(Unit.objects.values_list("code", "pk"))
        posts = dict(Post.objects.values_list("code", "pk"))
        until = (self.plan.as_of + 3 * YEARS).isoformat()
        self.staff.note([f"{each.number} {each.username} {each.unit} {each.certified}" for each in everybody])
        self.appointments.note([f"{each.username} {each.unit}-{each.post} {until}" for each in everybody])
        self.staff.put(
            {
                "user": [str(users[each.username]) for each in fresh],
                "unit": [str(units[each.unit]) for each in fresh],
                "number": [each.number for each in fresh],
                "certificate_number": [f"4403{each.number[2:]}" if each.certified else "" for each in fresh],
                "certificate_valid_to": [until if each.certified else NULL for each in fresh],
                "certificate_lines": "{}",
                "legal_qualification": ["t" if each.lawyer else "f" for each in fresh],
            },
            len(fresh),
            noted=True,
        )
        self.appointments.put(
            {
                "staff": Ref(self.staff, np.arange(len(fresh))),
                "post": [str(posts[f"{each.unit}-{each.post}"]) for each in fresh],
                "valid_from": (self.plan.as_of - 4 * YEARS).isoformat(),
            },
            len(fresh),
            noted=True,
        )
        people = People()
        for each in everybody:
            people.by_post.setdefault((each.unit, each.post), []).append(users[each.username])
        return people

    def sheets(self) -> list[Sheet]:
        """All of them."""
        return [self.users, self.factors, self.staff, self.appointments]

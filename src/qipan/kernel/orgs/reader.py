"""Who reads: what a signed-in person may see and do, as plain values that queries filter by."""

from dataclasses import dataclass
from typing import Literal

from qipan.conf import wall
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.orgs.roles import Role

MANDATE = "mandate:"
"""How the post of an agent's act begins in the ledger; the mandate's number follows."""


@dataclass(frozen=True)
class Power:
    """A role held in a unit (and everything below its path) for a business line; an empty line means all.

    `lent_by` is the user id of the colleague who lent it (委托代理), None for a role of one's own.
    """

    role: Role
    org_path: str
    line: str = ""
    post: str = ""
    lent_by: int | None = None


@dataclass(frozen=True)
class Mandate:
    """What a business lets somebody who does not represent it do in its name (委托代办): these acts, these items.

    No item named means all; an act that is not named is not covered. `principal` is the user who gave it.
    """

    number: int
    subject_id: int
    principal: int
    acts: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()

    def covers(self, act: str, item: str = "") -> bool:
        """Whether it lets its holder take an act (about an item, where one is named)."""
        return act in self.acts and (not item or not self.items or item in self.items)


@dataclass(frozen=True)
class Reader:
    """The one who reads or acts, resolved once a request. A reader without powers sees nothing (default deny)."""

    kind: Literal["staff", "business", "public", "system"] = "public"
    user_id: int | None = None
    powers: tuple[Power, ...] = ()
    subject_ids: frozenset[int] = frozenset()
    org_path: str = ""
    mandates: tuple[Mandate, ...] = ()

    @classmethod
    def anonymous(cls) -> "Reader":
        """One who has not signed in."""
        return cls()

    def paths(self, *roles: Role) -> tuple[str, ...]:
        """The organisation paths in which the reader holds one of the roles (any role when none is named)."""
        return tuple({power.org_path for power in self.powers if not roles or power.role in roles})

    def wall(self) -> str:
        """What the database is told of the reader: a wider ring than any scope, for scopes that are forgotten."""
        if self.kind == "system":
            return wall.OPEN
        mandated = {mandate.subject_id for mandate in self.mandates}
        return wall.around(self.user_id, self.paths(), self.subject_ids | mandated)

    def mandate_for(self, subject_id: int | None, act: str, item: str = "") -> Mandate | None:
        """The mandate under which the reader may take an act for a business that the reader does not represent."""
        if subject_id is None or subject_id in self.subject_ids:
            return None
        fitting = (mandate for mandate in self.mandates if mandate.subject_id == subject_id)
        return next((mandate for mandate in fitting if mandate.covers(act, item)), None)

    def over_all(self, *roles: Role) -> bool:
        """Whether the reader holds one of the roles at the top unit, and so over the whole installation."""
        return any("/" not in path.strip("/") for path in self.paths(*roles))

    def may(self, role: Role, org_path: str = "", line: str = "") -> bool:
        """Whether the reader holds the role over a unit's path (and line)."""
        return any(
            power.role == role
            and org_path.startswith(power.org_path)
            and (not power.line or not line or power.line == line)
            for power in self.powers
        )

    def actor(
        self,
        role: Role | None = None,
        org_path: str = "",
        *,
        subject_id: int | None = None,
        under: Mandate | None = None,
    ) -> Actor:
        """The reader as the one who acts; for staff in the post that gives the role over the path (anywhere when empty).

        For a business (`subject_id`) that the reader does not represent, the post names the mandate (`under` which the
        act is taken, where there are several): the ledger shows that an agent acted for it.
        """
        if self.kind != "staff":
            post = self._capacity(subject_id, under) if subject_id is not None else ""
            return Actor("system" if self.kind == "system" else self.kind, self.user_id, post)
        for power in self.powers:
            if (role is None or power.role == role) and (not org_path or org_path.startswith(power.org_path)):
                return Actor("staff", self.user_id, power.post, power.org_path)
        return Actor("staff", self.user_id, "", self.org_path)

    def _capacity(self, subject_id: int, under: Mandate | None) -> str:
        if subject_id in self.subject_ids:
            return ""
        held = under or next((one for one in self.mandates if one.subject_id == subject_id), None)
        return f"{MANDATE}{held.number}" if held else ""

"""Who acts: plain values, so that the ledger knows nothing of the rooms above it."""

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["staff", "business", "public", "system", "rules"]


@dataclass(frozen=True)
class Actor:
    """The one who acts, in which post and for which unit.

    `kind` "rules" is a decision table that acted alone (秒批); "system" is a job or an import.
    """

    kind: ActorKind
    user_id: int | None = None
    post: str = ""
    org_path: str = ""

    @classmethod
    def system(cls, org_path: str = "") -> "Actor":
        """A job, a timer or an import, without a person behind it."""
        return cls("system", org_path=org_path)

    @classmethod
    def rules(cls, org_path: str = "") -> "Actor":
        """A released decision table that decides without a person."""
        return cls("rules", org_path=org_path)

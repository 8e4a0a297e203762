"""The units of the city as the simulator knows them: from the organisation's published catalogue, not from a database."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from qipan.city import parts

CATALOGUE = Path(__file__).parents[2] / "kernel" / "orgs" / "catalogue" / "shenzhen.yaml"


@dataclass(frozen=True)
class Desk:
    """One desk at which work may lie: its unit and bureau (by code), the post, and who sits there (user names)."""

    unit: str
    bureau: str
    post: str
    people: tuple[str, ...]


def desks() -> list[Desk]:
    """Every desk of licensing and inspection: windows, reviewers and deciders of bureaus, inspectors of offices."""
    rows = yaml.safe_load(CATALOGUE.read_text("utf-8"))["rows"]
    found = []
    for row in rows:
        code, level = row["code"], row["level"]
        if level == "DISTRICT":
            found += [
                Desk(code, code, post, (parts.officer(code, post),))
                for post in ("window", "examine", "decide")
            ]
        if level == "OFFICE" or (level == "DISTRICT" and row.get("streets")):
            bureau = code if level == "DISTRICT" else row["parent"]
            pair = tuple(parts.officer(code, "inspector", number) for number in (1, 2))
            found.append(Desk(code, bureau, "inspector", pair))
            found.append(Desk(code, bureau, "head", (parts.officer(code, "head"),)))
    return found


def codes() -> dict[str, str]:
    """Unit codes by full name, as pages print it."""
    return {row["name"]: row["code"] for row in yaml.safe_load(CATALOGUE.read_text("utf-8"))["rows"]}

"""A grant of any kind of licence that the catalogue has, with something on each of its lines."""

from qipan.domains.licensing import granting
from qipan.kernel.items.models import LicenceKind
from qipan.kernel.ledger.clock import today
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects import queries as registry
from qipan.kernel.subjects.models import Grant, Premises, Subject
from tests.orgs.factories import SYSTEM


def kind_codes() -> list[str]:
    """The codes of every kind, read from the catalogues."""
    from qipan.conf import environment as env

    found = set()
    for path in sorted((env.ROOT / "src" / "qipan").glob("**/catalogue/**/*kinds*.yaml")):
        text = path.read_text()
        if "kind: licence_kinds" in text:
            import yaml

            found |= {row["code"] for row in yaml.safe_load(text)["rows"]}
    return sorted(found)


def granted(code: str, subject: Subject, premises: Premises | None = None) -> Grant:
    """A licence of the kind, in force from today."""
    kind = LicenceKind.objects.filter(code=code).latest("valid_from")
    data = {face["field"]: f"{face['title']}甲" for face in kind.faces}
    data |= {"main_format": "2", "items": ["HOT"], "marks": [], "category": "101"} if code == "JY" else {}
    answers = {**data, "uscc": registry.uscc_of(subject), "category": "101", "main_format": "2"}
    for name in ("product", "letter", "sign"):
        answers.setdefault(name, "甲")
    return subjects.register_grant(
        number=granting.take_number(kind, "440304", answers),
        kind=code,
        title=kind.title,
        subject=subject,
        premises=premises,
        org_path="SZ/FT/FT01/",
        data=data,
        valid_from=today(),
        valid_to=granting.last_day(kind, today()),
        issuer="SZ/FT/",
        actor=SYSTEM,
    )

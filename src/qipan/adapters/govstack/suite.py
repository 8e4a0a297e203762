"""The suite of the peer (GovStackWorkingGroup/bb-registration, test/openAPI), read from the folder that the user has,
and what it takes for granted made by our own actions in a database of the run's own.

Nothing of the suite is kept here. What it fixes (test-data.json, its example tables, a form's name in a step) becomes
names (`Alias`) of records of ours.
"""

import datetime
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from qipan.adapters.govstack import actions
from qipan.adapters.govstack.models import Alias, Kind
from qipan.domains.licensing import actions as licensing
from qipan.domains.licensing.models import FOLLOWING
from qipan.domains.licensing.models import Kind as Handling
from qipan.kernel.accounts import actions as accounts
from qipan.kernel.accounts.models import User, UserKind
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.orgs import actions as orgs
from qipan.kernel.orgs.models import Level, Unit
from qipan.kernel.orgs.queries import district_of, reader_of
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects import codes
from qipan.kernel.subjects.models import SubjectType

ROLE = Role.LIC_REVIEWER
SCOPES = {
    "applicant": ("applications.read", "applications.write", "files.write"),
    "officer": ("cases.read", "inbox.read", "orders.write"),
}
PDF = b"%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"
PUT = re.compile(r'\bPUT request\b[^"\n]*"([^"]+)" as a fileId')
FORM_IN_STEP = re.compile(r"""eFormId: ['"]([^'"]+)['"]""")


class NoSuite(Exception):
    """The folder does not hold the suite; the message says what is missing."""


@dataclass(frozen=True)
class Contradiction:
    """A scenario that contradicts our law, and why."""

    feature: str
    scenario: str
    reason: str


def contradictions() -> list[Contradiction]:
    """The scenarios that are not passed and will not be."""
    text = (Path(__file__).parent / "contradictions.yaml").read_text(encoding="utf-8")
    return [Contradiction(**row) for row in yaml.safe_load(text)]


class Suite:
    """The folder with the suite. Raises NoSuite."""

    def __init__(self, folder: Path) -> None:
        found = [folder / "test" / "openAPI", folder]
        self.folder = next((each for each in found if (each / "features").is_dir()), found[0])
        for name in ("package.json", "test-data.json", "features"):
            if not (self.folder / name).exists():
                raise NoSuite(str(self.folder / name))

    @cached_property
    def data(self) -> dict[str, Any]:
        """What the suite says that a system holds."""
        try:
            read = json.loads((self.folder / "test-data.json").read_text(encoding="utf-8"))
        except ValueError as problem:
            raise NoSuite(f"test-data.json: {problem}") from None
        return dict(read)

    @property
    def client(self) -> str:
        """The client that the suite calls as."""
        return str(self.data["informationMediatorClientHeader"]["value"])

    def services(self) -> dict[str, str]:
        """Every service that is named, with its name there."""
        found = {row["id"]: row["name"] for row in self.data["services"]}
        for row in (*self.data["applications"], *self.data["tasks"]):
            found.setdefault(row["serviceId"], row["serviceName"])
        return found

    def forms(self) -> Iterator[tuple[str, str]]:
        """(form, service) for every form that is named."""
        for row in self.data["services"]:
            yield from ((form["eFormId"], row["id"]) for form in row["eForms"])
        yield from ((row["eformId"], row["serviceId"]) for row in self.data["applications"])
        yield from ((row["eFormId"], row["serviceId"]) for row in self.data["tasks"])
        changed = {file for text in self.features() for file in PUT.findall(text)}
        services = [row["serviceId"] for row in self.data["applications"] if row["fileId"] in changed]
        for path in sorted((self.folder / "features" / "support").glob("*.js")):
            for form in FORM_IN_STEP.findall(path.read_text(encoding="utf-8")):
                yield from ((form, service) for service in services)

    def features(self) -> list[str]:
        """The texts of the features."""
        return [
            path.read_text(encoding="utf-8") for path in sorted((self.folder / "features").glob("*.feature"))
        ]

    def examples(self, column: str) -> list[str]:
        """The values of a column of the example tables."""
        found: dict[str, None] = {}
        for text in self.features():
            head: list[str] = []
            for line in map(str.strip, text.splitlines()):
                cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
                if cells and head and column in head:
                    found[cells[head.index(column)]] = None
                head = head or cells if cells else []
        return [value for value in found if value]


class Fixture:
    """The account, business, files and orders that the suite takes for granted; `tokens` open both sides."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.actor = Actor.system()
        self.tokens: dict[str, str] = {}

    @transaction.atomic
    def load(self) -> None:
        """Make everything; once in a database of the run's own, whose catalogues are loaded."""
        office = Unit.objects.filter(level=Level.OFFICE).order_by("path").first()
        if office is None:
            raise NoSuite("no office: the catalogues are not loaded")
        district = district_of(office.path)
        self.officer = self._officer(district)
        self.applicant = self._applicant(office)
        self._services()
        self._applications()
        for row in self.suite.data["tasks"]:
            self._task(row, district.path)
        self._people()

    def clients(self) -> dict[str, Any]:
        """The operator's file for the run: the suite calls from this machine, at some routes without the header."""
        client = self.suite.client
        return {"mediators": ["127.0.0.1", "::1"], "clients": {client: self.tokens}, "unnamed": client}

    def _token(self, user: User, side: str) -> None:
        end = now() + datetime.timedelta(days=1)
        made = accounts.issue_token(user, "GovStack", SCOPES[side], expires_at=end, actor=self.actor)
        self.tokens[side] = made[1]

    def _officer(self, district: Unit) -> User:
        user = accounts.create_user("govstack-officer", None, UserKind.STAFF, "审查员", actor=self.actor)
        staff = orgs.create_staff(user, district, "GOVSTACK", actor=self.actor)
        post = orgs.create_post(district, "govstack-review", "审查岗", [ROLE], actor=self.actor)
        orgs.appoint(staff, post, today(), actor=self.actor)
        self._token(user, "officer")
        return user

    def _applicant(self, office: Unit) -> Reader:
        user = accounts.create_user("govstack-applicant", None, UserKind.BUSINESS, "申请人", actor=self.actor)
        self.subject = subjects.register_subject(
            name="GovStack 测试用商行",
            type=SubjectType.INDIVIDUAL,
            org_path=office.path,
            identifiers={"USCC": codes.make_uscc("92", "440304", "MA5GK001")},
            domicile="深圳市福田区红荔路1号",
            actor=self.actor,
            is_demo=True,
        )
        subjects.represent(user, self.subject, self.actor)
        self._token(user, "applicant")
        return reader_of(User.objects.get(pk=user.pk))

    def _services(self) -> None:
        """Each service is an item of ours that can be begun without a licence that is held."""
        offered = [
            row
            for row in items.items_for_public()
            if row.handler == "licensing" and row.handling not in {*FOLLOWING, Handling.REGISTER}
        ]
        named = self.suite.services()
        if len(offered) < len(named):
            raise NoSuite(f"{len(named)} services, but only {len(offered)} items that can be begun")
        self.items: dict[str, Item] = {}
        for (service, title), item in zip(named.items(), offered, strict=False):
            self.items[service] = item
            actions.name(Kind.SERVICE, service, actor=self.actor, code=item.code, title=title)
        for form, service in self.suite.forms():
            if not Alias.objects.filter(kind=Kind.FORM, external=form).exists():
                actions.name(Kind.FORM, form, actor=self.actor, code=self.items[service].code)
        for title in self.suite.examples("registrationName"):
            first = next(iter(self.items.values()))
            actions.name(Kind.SERVICE, title, actor=self.actor, code=first.code, title=title)

    def _applications(self) -> None:
        """A draft for every file that the suite names; the files of tasks have no description of their own."""
        self.cases: dict[str, Case] = {}
        for row in self.suite.data["applications"]:
            self._application(row["fileId"], row["serviceId"], row["applicantId"], row["documentUrls"])
        for row in self.suite.data["tasks"]:
            if row["fileId"] not in self.cases:
                self._application(row["fileId"], row["serviceId"], "", [])

    def _application(self, file: str, service: str, applicant: str, documents: list[str]) -> None:
        made = licensing.start(
            self.items[service].code,
            uuid=uuid.uuid4(),
            reader=self.applicant,
            subject=self.subject,
            channel="api",
        )
        self.cases[file] = made.case
        actions.name(
            Kind.APPLICATION,
            file,
            actor=self.actor,
            record_id=made.pk,
            client=self.suite.client,
            applicant=applicant,
        )
        for document in documents:
            evidence.attach(
                self._document(document), made.case, role="additional", actor=self.applicant.actor()
            )

    def _document(self, address: str) -> str:
        known = Alias.objects.filter(kind=Kind.DOCUMENT, external=address).first()
        if known is not None:
            return known.code
        stored = evidence.store(PDF, actor=self.applicant.actor(), kind="material", name="材料.pdf")
        return actions.name(Kind.DOCUMENT, address, actor=self.actor, code=str(stored.uuid)).code

    def _task(self, row: dict[str, Any], org_path: str) -> None:
        """A work order of the officer's, below the main one where the suite names it."""
        case, above = self.cases[row["fileId"]], None
        if main := row.get("mainTaskId"):
            above = self._order(main, f"{row['taskName']} (main)", "", case, org_path)
        self._order(row["taskId"], row["taskName"], row["description"], case, org_path, above)

    def _order(
        self, task: str, title: str, text: str, case: Case, org_path: str, above: WorkOrder | None = None
    ) -> WorkOrder:
        made = flow.create_order(
            "govstack.task",
            title,
            ROLE,
            org_path,
            actor=Actor.system(org_path),
            requirement=text,
            case=case,
            users=[self.officer.pk],
            parent=above,
            source="govstack",
        )
        actions.name(Kind.TASK, task, actor=self.actor, record_id=made.pk)
        return made

    def _people(self) -> None:
        """Every person that is named is the one officer; the first name is the one that we tell."""
        named = [row["assigneeId"] for row in self.suite.data["tasks"]] + self.suite.examples("operator")
        for name in dict.fromkeys(named):
            actions.name(Kind.PERSON, name, actor=self.actor, record_id=self.officer.pk)
        for name in self.suite.examples("role"):
            actions.name(Kind.ROLE, name, actor=self.actor, code=ROLE.value)

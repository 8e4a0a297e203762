"""Calling an address as a reader, and judging what came back and what was written.

Each call runs in a savepoint that is rolled back, so that every reader meets the same rows. Where a statement was more
than a reading one, PostgreSQL says which tables the transaction has touched, and these are looked at row by row.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from itertools import cycle
from typing import Any
from urllib.parse import quote, unquote

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import Client

from qipan.domains.licensing.offers.models import RenewalOffer
from qipan.kernel.decisions.models import TableVersion
from qipan.kernel.documents.models import Document, Seal, SealUse
from qipan.kernel.evidence.models import Evidence, Upload
from qipan.kernel.flow.models import Batch, Case, WorkOrder
from qipan.kernel.orgs.models import Staff
from qipan.kernel.publication.models import Publication
from qipan.kernel.subjects.models import Grant, Identifier, Subject
from qipan.portal.staff.order_acts import ACTS
from tests.security.addresses import ADMIN, DISTRICT, PEER, PUBLIC, Entry
from tests.security.districts import HIDDEN, OPEN, Futian

TRACES = frozenset(
    {"django_session", "usersessions_usersession", "accounts_bucket", "axes_accessattempt", "axes_accesslog",
     "axes_accessattemptexpiration", "axes_accessfailurelog"}
)  # fmt: skip
"""What any call may leave: sessions, counters of limits, failed sign-ins."""

LEADS_TO_PROOF = (
    "/accounts/login/", "/admin/login/", "/accounts/security/needed/", "/accounts/reauthenticate/",
    "/accounts/2fa/reauthenticate/", "/accounts/password/change/",
)  # fmt: skip
READING = re.compile(
    r"\s*(?:(?:SELECT|SAVEPOINT|RELEASE|ROLLBACK|SET)\b(?!.*procrastinate)|(?:INSERT INTO|UPDATE|DELETE FROM) "
    rf'"?(?:{"|".join(TRACES)})\b)',
    re.IGNORECASE | re.DOTALL,
)
REFUSED = frozenset({400, 401, 403, 404, 405, 409, 411, 412, 415, 422, 423})
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
#: What is done at an address where there is nothing to be saved.
ACTS_AT = {"/my/mandates/": "end", "/my/offers/": "decline", "/my/clients/": "end"}
OTHER_METHODS = ("HEAD", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Call:
    """One request."""

    method: str
    path: str
    body: str = ""

    @property
    def said(self) -> str:
        """Everything the caller said, and may therefore hear again."""
        return unquote(self.path) + self.body


@dataclass
class Secrets:
    """The other district's data as texts: what nobody of elsewhere may read, and what only public pages may show."""

    hidden: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)

    @classmethod
    def of_everything(cls) -> "Secrets":
        """All that stands in the database now."""
        found = cls(hidden={HIDDEN}, open={OPEN})
        for model in (Case, WorkOrder, Document, Evidence, Upload, Batch, RenewalOffer):
            found.numbers |= {str(value) for value in model._default_manager.values_list("uuid", flat=True)}
        found.numbers |= {str(value) for value in SealUse.objects.values_list("uuid", flat=True)}
        found.open |= set(
            Seal.objects.filter(org_path__startswith="SZ/FT/").values_list("seal_id", flat=True)
        )
        found.numbers |= set(Case.objects.exclude(number="").values_list("number", flat=True))
        found.numbers |= set(Document.objects.values_list("code", flat=True))
        found.open |= set(Subject.objects.values_list("name", flat=True))
        found.open |= set(Grant.objects.values_list("number", flat=True))
        found.open |= set(Identifier.objects.values_list("value", flat=True))
        for title, content in Publication.objects.filter(state="PUBLISHED").values_list("title", "content"):
            published = title + json.dumps(content, ensure_ascii=False)
            found.numbers -= {number for number in found.numbers if number in published}
        for table in _tables():
            found.hidden |= _planted(table)
        return found

    def in_text(self, text: str, call: Call, scope: str) -> list[str]:
        """Which of them a text gives away that the caller did not bring."""
        wanted = self.hidden | self.numbers | (set() if scope == PUBLIC else self.open)
        found = [secret for secret in wanted if secret in text and secret not in call.said]
        return sorted(found, key=lambda secret: (secret not in self.hidden, secret))[:4]


def _tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return [row[0] for row in cursor.fetchall()]


def _planted(table: str) -> set[str]:
    """The planted texts of a table, as they stand between quotation marks or commas."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT t::text FROM "{table}" t WHERE t::text LIKE %s', [f"%{HIDDEN}%"])
        rows = " ".join(row[0] for row in cursor.fetchall())
    return set(re.findall(rf"{HIDDEN}[\w-]+", rows))


def rows_of(table: str) -> Counter[str]:
    """Digests of a table's rows."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT md5(t::text) FROM "{table}" t')
        return Counter(row[0] for row in cursor.fetchall())


def snapshot() -> dict[str, Counter[str]]:
    """Every table as it stands."""
    return {table: rows_of(table) for table in _tables() if table not in TRACES}


def _counted() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"
            " WHERE n_tup_ins + n_tup_upd + n_tup_del > 0"
        )
        return dict(cursor.fetchall())


class Watch:
    """Whether a statement did more than read, the traces apart."""

    def __init__(self) -> None:
        self.wrote = False

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        self.wrote = self.wrote or not READING.match(str(sql))
        return execute(sql, params, many, context)


class Prober:
    """Calls addresses as readers and says what is wrong."""

    def __init__(self, futian: Futian) -> None:
        self.theirs = snapshot()
        self.secrets = Secrets.of_everything()
        self.values = futian.values() | {
            "item": ["FB-RENEW", "FB-NEW"],
            "theme": ["canteen", "credit-repair"],
            "form": ["licensing.food_renew", "licensing.food_new"],
            "row_kind": ["decision_tables"],
            "table": list(TableVersion.objects.values_list("code", flat=True)[:2]),
            "law": ["食品安全法"],
            "format": ["csv", "jsonl"],
            "kind": ["licence.grant", "penalty.decision", "inspection.result"],
            "app": ["flow"],
            "nowhere": ["nowhere/"],
            "page": ["1"],
            "officer": [
                str(one)
                for one in Staff.objects.filter(unit__path__startswith="SZ/FT/").values_list(
                    "user_id", flat=True
                )[:1]
            ],
            "content_type": [str(ContentType.objects.get_for_model(Case).pk)],
        }
        self.staff = list(Staff.objects.filter(unit__path__startswith="SZ/FT/").order_by("pk")[:3])
        self.words = {
            "name": quote(OPEN + "楼"),
            "hidden": quote(HIDDEN),
            "number": quote(Case.objects.exclude(number="").values_list("number", flat=True)[0]),
            "code": quote(Document.objects.values_list("code", flat=True)[0]),
            "person": str(self.staff[0].user_id),
            "seal": Seal.objects.filter(subject_id__isnull=False).values_list("seal_id", flat=True)[0],
        }
        self.materials = futian.materials()
        self.steps = {str(case.uuid): self._steps_of(case) for case in Case.objects.all()}
        self.sorts = {str(one.uuid): one.flow_code for one in Case.objects.all()}
        self.sorts |= {str(one.uuid): one.kind for one in WorkOrder.objects.all()}
        self.form = self._form()
        self.before: dict[str, Counter[str]] = {}
        self.counted: dict[str, int] = {}

    @staticmethod
    def _steps_of(case: Case) -> list[str]:
        return [step.code for step in case.flow.leaving(case.state) if not step.automatic] or ["accept"]

    def start(self) -> None:
        """From here on everything that is written is the readers' doing."""
        self.before = snapshot()
        self.counted = _counted()

    def _form(self) -> dict[str, Any]:
        """What is posted: every field of every form, filled with the other district's objects."""
        people = [str(each.user_id) for each in self.staff]
        return {
            "uuid": self.values["case"][0], "key": "k1", "choice": self.values["grant"][0],
            "grant": self.values["grant"][0], "subject": self.values["subject"][0],
            "case": [f"{case}:1" for case in self.values["case"]], "step": "accept", "points": "试探",
            "order": self.values["order"], "people": people, "person": people[0],
            "taker": str(self.staff[0].pk), "substitute": str(self.staff[0].pk), "roles": ["office_head"],
            "unit": "SZ/FT/", "urge": "1", "reason": "试探", "opinion": "yes", "rule": "all", "act": "save",
            "valid_from": "2027-01-01", "valid_to": "2027-01-02", "kind": "FLYING", "cause": "试探",
            "ground": "FRAUD", "finding": "试探", "layout_plan": self.values["evidence"][:1], "contact_name": "甲",
            "contact_phone": "13700137000", "move": "suspend", "turn": "1", "role": "lic_decider", "purpose": "CONTRACT",
            "party-1-code": self.values["uscc"][0], "party-1-spot": "1-1", "spot": "1-1", "replaces": self.values["seal"][0],
        }  # fmt: skip

    def fillings(self, pattern: str, entry: Entry, *, sparse: bool = False) -> Iterator[str]:
        """The address filled in, each object once; `sparse`: one of each sort."""
        names = [first or second for first, second in PARAMETER.findall(pattern)]
        if missing := [name for name in names if name not in entry.fill]:
            raise LookupError(f"{pattern}: nothing declared to fill {', '.join(missing)} with")
        plain = pattern.replace("^", "").replace("$", "")
        queries = [query.format(**self.words) for query in entry.query]
        if sparse and entry.scope == PUBLIC:
            queries = queries[:1]
        for values in self._combined([entry.fill[name] for name in names], sparse):
            chosen = iter(values)
            path = "/" + PARAMETER.sub(lambda _match: quote(next(chosen)), plain)  # noqa: B023
            for query in queries:
                yield path + query

    def _of(self, kind: str) -> list[str]:
        if kind in self.values:
            return self.values[kind]
        label, name = kind.split(".")
        found = ContentType.objects.get_by_natural_key(label, name).model_class()
        assert found is not None
        return [str(pk) for pk in found._default_manager.values_list("pk", flat=True)[:1]] or ["1"]

    def _combined(self, kinds: list[str], sparse: bool) -> Iterator[tuple[str, ...]]:
        if not kinds:
            yield ()
            return
        first = self._of(kinds[0])
        if sparse:
            first = list({self.sorts.get(value, "one"): value for value in first}.values())
        if len(kinds) == 1:
            yield from ((value,) for value in first)
        elif kinds[1] == "step":
            yield from ((value, code) for value in first for code in self.steps[value][: 1 if sparse else 9])
        elif kinds[1] == "material":
            pairs = [(case, file) for case, files in self.materials.items() for file in files]
            yield from pairs[:1] if sparse else pairs
        elif kinds[1] == "act":
            acts = cycle(first)
            yield from ((next(acts), act.code) for act in ACTS)
        else:
            yield from ((value, self._of(kinds[1])[0]) for value in first)

    def call(self, client: Client, method: str, path: str) -> tuple[Call, Any]:
        """The request and its answer."""
        options: dict[str, Any] = {"headers": {"Idempotency-Key": "k1"}}
        body = ""
        if method in {"POST", "PUT", "PATCH", "DELETE"}:
            body, options = self._sent(method, path, options)
        return Call(method, path, body), getattr(client, method.lower())(path, **options)

    def _sent(self, method: str, path: str, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if path.startswith("/evidence/uploads/"):
            heads = {"Upload-Offset": "0", "Upload-Length": "9", "Tus-Resumable": "1.0.0"}
            return "", {
                "data": b"123",
                "content_type": "application/offset+octet-stream",
                "headers": options["headers"] | heads,
            }
        if path.startswith("/api/v1/") or path.endswith("/note/"):
            text = json.dumps(self._json(path))
            return text, options | {"data": text, "content_type": "application/json"}
        if method == "POST":
            act = next((act for start, act in ACTS_AT.items() if path.startswith(start)), self.form["act"])
            form = self.form | {"act": act}
            return json.dumps(form, ensure_ascii=False), options | {"data": form}
        return "", options | {"data": b"{}", "content_type": "application/json"}

    def _json(self, path: str) -> dict[str, Any]:
        if path.endswith("/note/"):
            return {"items": {}}
        if path.endswith("/answers"):
            return {"answers": {"layout_plan": self.values["evidence"][:1], "changes": "试探"}}
        if path.endswith("/submit"):
            return {"version": None}
        if "/steps/" in path:
            return {"reason": "试探", "fields": {}}
        if "/applications/" in path:
            subject, grant = int(self.values["subject"][0]), int(self.values["grant"][0])
            return {"item": "FB-RENEW", "subject": subject, "grant": grant}
        return {}

    def probe(self, client: Client, entry: Entry, method: str, path: str) -> list[str]:
        """What is wrong with the answer to a stranger of elsewhere; empty is right. Leaves nothing behind."""
        cookies = {name: morsel.value for name, morsel in client.cookies.items()}
        with transaction.atomic():
            watch = Watch()
            with connection.execute_wrapper(watch):
                call, answer = self.call(client, method, path)
                text = _text_of(answer)
            wrong = [
                *self._opened(entry, answer),
                *self._told(entry, text, call),
                *(self._wrote(entry) if watch.wrote else ()),
            ]
            transaction.set_rollback(True)
        client.cookies = SimpleCookie(cookies)  # where it was signed out, or given another session
        return [f"{method} {unquote(path)} → {answer.status_code}: {problem}" for problem in wrong]

    @staticmethod
    def _opened(entry: Entry, answer: Any) -> list[str]:
        if answer.status_code >= 500:
            return ["the server failed"]
        if (
            not is_refused(answer)
            and not entry.out
            and (entry.scope in {ADMIN, PEER} or (entry.scope == DISTRICT and entry.fill))
        ):
            return ["opened"]
        return []

    def _told(self, entry: Entry, text: str, call: Call) -> list[str]:
        return [f"tells {secret}" for secret in self.secrets.in_text(text, call, entry.scope)]

    def _wrote(self, entry: Entry) -> list[str]:
        counted, wrong = _counted(), []
        touched = {table for table, number in counted.items() if number != self.counted.get(table, 0)}
        self.counted = counted
        for table in sorted(touched - TRACES):
            here, nothing = rows_of(table), Counter[str]()
            if self.theirs.get(table, nothing) - here:
                wrong.append(f"changes their rows of {table}")
            elif entry.scope in {DISTRICT, ADMIN, PEER} and here != self.before.get(table, nothing):
                wrong.append(f"writes to {table}")
            else:
                wrong += self._mixed(table, here - self.before.get(table, nothing))
        return wrong

    def _mixed(self, table: str, new: Counter[str]) -> list[str]:
        """New rows of one's own that hold something of theirs."""
        if not new:
            return []
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT t::text FROM "{table}" t WHERE md5(t::text) = ANY(%s)', [list(new)])
            text = " ".join(row[0] for row in cursor.fetchall())
        wanted = (HIDDEN, OPEN, "SZ/FT/", *self.secrets.numbers)
        return [f"writes {secret} into {table}" for secret in wanted if secret in text][:2]


def is_refused(answer: Any) -> bool:
    """Refused by status, or led to signing in, to the second factor or to a new password."""
    if answer.status_code in {301, 302}:
        return answer["Location"].startswith(LEADS_TO_PROOF)
    return answer.status_code in REFUSED


def _text_of(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    heads = " ".join(unquote(str(value)) for value in answer.headers.values())
    return content.decode(errors="replace") + " " + heads

"""The independent verifier: what was sealed is as it was sealed, or the very row that was touched is named."""

import ast
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

import qipan.verifier
from qipan.kernel.ledger import sealing
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.canonical import canonical, refuse_what_does_not_keep
from qipan.kernel.ledger.models import Event, Seal
from qipan.kernel.ledger.registry import declare
from qipan.verifier import Report, verify
from qipan.verifier.form import Tree, compact, event_leaf
from tests.orgs.factories import UnitTree

NOTED = declare("test.note.taken", "测试记事", n=int, text=str, more=dict)
SYSTEM = Actor.system()


def address() -> str:
    known = connection.settings_dict
    return psycopg.conninfo.make_conninfo(
        dbname=known["NAME"],
        user=known["USER"],
        password=known["PASSWORD"],
        host=known["HOST"],
        port=known["PORT"],
    )


class Ledger:
    """Four sealed batches of five events, and two events that are not sealed yet."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with transaction.atomic():
            self.unit = UnitTree().city
        sealing.seal()
        self.sealed: list[int] = []
        for batch in range(4):
            with transaction.atomic():
                for n in range(5):
                    data = {
                        "n": n,
                        "text": f'第{n}条 "引号" \\ 𠀀\n',
                        "more": {"b": [1.5, None, True], "a": batch},
                    }
                    self.sealed.append(append(NOTED, self.unit, SYSTEM, data=data, reason=f"理由\t{n}").pk)
            assert sealing.seal() == 5
        with transaction.atomic():
            self.open = [append(NOTED, self.unit, SYSTEM, data={"n": n}).pk for n in range(2)]

    def verify(self, **options: object) -> Report:
        return verify(address(), self.home / "ledger", self.home / "keys" / "ledger.pub.pem", **options)  # type: ignore[arg-type]

    def attack(self, *statements: str) -> None:
        """As the owner of the tables, past the trigger that refuses changes."""
        with connection.cursor() as cursor:
            for table in ("ledger_event", "ledger_seal"):
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for statement in statements:
                cursor.execute(statement)
            for table in ("ledger_event", "ledger_seal"):
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    def forge(self, pk: int, **changes: object) -> None:
        """Change a row and give it the digest that fits."""
        event = Event.objects.get(pk=pk)
        for name, value in changes.items():
            setattr(event, name, value)
        digest = hashlib.sha256(canonical(vars(event))).hexdigest()
        self.attack(
            f"UPDATE ledger_event SET reason = '{event.reason}', digest = '\\x{digest}' WHERE id = {pk}"
        )

    def seal_of(self, pk: int) -> int:
        xid = int(Event.objects.extra(select={"x": "xid::text::bigint"}).get(pk=pk).x)
        return Seal.objects.get(from_xid__lte=xid, to_xid__gt=xid).number


@pytest.fixture
def ledger(settings, tmp_path) -> Ledger:
    settings.HOME = tmp_path
    return Ledger(tmp_path)


def swap(ledger: Ledger, one: int, two: int, columns: tuple[str, ...]) -> None:
    pairs = ", ".join(f"{name} = other.{name}" for name in columns)
    ledger.attack(
        f"UPDATE ledger_event e SET {pairs} FROM ledger_event other"
        f" WHERE (e.id = {one} AND other.id = {two}) OR (e.id = {two} AND other.id = {one})"
    )


CONTENT = (
    "uuid",
    "at",
    "name",
    "record_kind",
    "record_id",
    "record_key",
    "data",
    "reason",
    "actor_kind",
    "post",
)
Attack = Callable[[Ledger], tuple[str, set[int]]]


def edited(ledger: Ledger) -> tuple[str, set[int]]:
    row = ledger.sealed[6]
    ledger.attack(f"UPDATE ledger_event SET reason = '别的理由' WHERE id = {row}")
    return "edited", {row}


def deleted(ledger: Ledger) -> tuple[str, set[int]]:
    row = ledger.sealed[7]
    ledger.attack(f"DELETE FROM ledger_event WHERE id = {row}")
    return "deleted", {row}


def truncated(ledger: Ledger) -> tuple[str, set[int]]:
    rows = ledger.sealed[-3:]
    ledger.attack(f"DELETE FROM ledger_event WHERE id >= {rows[0]}")
    return "truncated", set(rows)


def reordered(ledger: Ledger) -> tuple[str, set[int]]:
    one, two = ledger.sealed[1], ledger.sealed[3]
    ledger.attack(
        f"UPDATE ledger_event SET id = -1 WHERE id = {one}",
        f"UPDATE ledger_event SET id = {one} WHERE id = {two}",
        f"UPDATE ledger_event SET id = {two} WHERE id = -1",
    )
    return "reordered", {one, two}


def reordered_across_seals(ledger: Ledger) -> tuple[str, set[int]]:
    one, two = ledger.sealed[1], ledger.sealed[12]
    ledger.attack(
        f"UPDATE ledger_event SET id = -1 WHERE id = {one}",
        f"UPDATE ledger_event SET id = {one} WHERE id = {two}",
        f"UPDATE ledger_event SET id = {two} WHERE id = -1",
    )
    return "reordered", {one, two}


def payloads_swapped(ledger: Ledger) -> tuple[str, set[int]]:
    one, two = ledger.sealed[2], ledger.sealed[9]
    swap(ledger, one, two, CONTENT)
    return "payload_swapped", {one, two}


def rewritten(ledger: Ledger) -> tuple[str, set[int]]:
    row = ledger.sealed[11]
    ledger.forge(row, reason="从来就是这样")
    return "rewritten", {row}


def inserted(ledger: Ledger) -> tuple[str, set[int]]:
    ledger.attack(f"DELETE FROM ledger_event WHERE id = {ledger.open[1]}")
    row = ledger.open[1]
    copied = ", ".join((*CONTENT, "org_path", "digest", "xid"))
    ledger.attack(
        f"INSERT INTO ledger_event (id, {copied}) SELECT {row}, {copied} FROM ledger_event WHERE id = {ledger.sealed[4]}"
    )
    return "inserted", {row}


ATTACKS = [
    edited,
    deleted,
    truncated,
    reordered,
    reordered_across_seals,
    payloads_swapped,
    rewritten,
    inserted,
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_an_attack_by_the_owner_is_found_and_the_row_is_named(ledger: Ledger, attack: Attack) -> None:
    assert ledger.verify().findings == []
    kind, rows = attack(ledger)
    report = ledger.verify()
    assert not report.intact
    assert {finding.kind for finding in report.findings} == {kind}
    assert {row for finding in report.findings for row in finding.events} == rows


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_without_the_digests_outside_the_seal_is_still_found_broken(ledger: Ledger, attack: Attack) -> None:
    broken = {seal.number for seal in Seal.objects.all()}
    (ledger.home / "ledger" / "digests.bin").unlink()
    assert ledger.verify().intact
    attack(ledger)
    report = ledger.verify()
    assert report.findings and {finding.seal for finding in report.findings} <= broken


@pytest.mark.django_db(transaction=True)
def test_a_planted_change_makes_it_fail_and_its_repair_makes_it_pass(ledger: Ledger) -> None:
    row = ledger.sealed[0]
    before = Event.objects.get(pk=row).reason
    ledger.attack(f"UPDATE ledger_event SET reason = 'x' WHERE id = {row}")
    assert [finding.kind for finding in ledger.verify().findings] == ["edited"]
    ledger.attack(f"UPDATE ledger_event SET reason = '{before}' WHERE id = {row}")
    report = ledger.verify(full=True)
    assert report.intact and report.signatures == report.seals == 5
    assert report.sealed >= 20 and report.unsealed == 2 and report.unsealed_since


@pytest.mark.django_db(transaction=True)
def test_seals_that_were_removed_or_remade_are_told_by_the_copy_outside(ledger: Ledger) -> None:
    last = Seal.objects.order_by("-number").first()
    assert last is not None
    ledger.attack(
        f"DELETE FROM ledger_event WHERE id >= {ledger.sealed[-5]}",
        f"DELETE FROM ledger_seal WHERE number = {last.number}",
    )
    report = ledger.verify()
    assert {finding.kind for finding in report.findings} == {"seal_missing", "truncated"}
    assert {row for finding in report.findings for row in finding.events} == set(ledger.sealed[-5:])
    # The history is sealed anew over what is left, with the real key: the copy outside remembers the other one.
    with transaction.atomic():
        append(NOTED, ledger.unit, SYSTEM)
    sealing.seal()
    assert "seal_changed" in {finding.kind for finding in ledger.verify().findings}


@pytest.mark.django_db(transaction=True)
def test_a_seal_by_another_key_is_refused(ledger: Ledger) -> None:
    kept = ledger.home / "kept"
    shutil.copytree(ledger.home / "ledger", kept / "ledger")
    shutil.copytree(ledger.home / "keys", kept / "keys")
    ledger.forge(ledger.sealed[11], reason="从来就是这样")
    ledger.attack("DELETE FROM ledger_seal")
    shutil.rmtree(ledger.home / "keys")
    shutil.rmtree(ledger.home / "ledger")
    sealing._copied.clear()
    sealing.seal()
    assert ledger.verify().intact  # whoever holds the machine can remake everything on it
    report = verify(address(), kept / "ledger", kept / "keys" / "ledger.pub.pem")
    assert {"seal_missing", "seal_changed", "rewritten"} <= {finding.kind for finding in report.findings}


@pytest.mark.django_db(transaction=True)
def test_a_broken_chain_and_a_missing_key_are_told(ledger: Ledger) -> None:
    ledger.attack("UPDATE ledger_seal SET previous = sha256('x') WHERE number = 3")
    kinds = {finding.kind for finding in ledger.verify().findings}
    assert "seal_changed" in kinds
    ledger.attack("UPDATE ledger_seal SET signature = sha512('x') WHERE number = 5")
    assert "seal_forged" in {finding.kind for finding in ledger.verify().findings}
    (ledger.home / "keys" / "ledger.pub.pem").write_text("nonsense")
    assert "key_missing" in {finding.kind for finding in ledger.verify().findings}


@pytest.mark.django_db(transaction=True)
def test_a_copy_that_a_crash_cut_off_is_completed(ledger: Ledger) -> None:
    file = ledger.home / "ledger" / "seals.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-2]) + lines[-2][:30])
    sealing._copied.clear()
    with transaction.atomic():
        append(NOTED, ledger.unit, SYSTEM)
    sealing.seal()
    report = ledger.verify()
    assert report.intact and report.unsealed == 0
    ledger.attack(f"UPDATE ledger_event SET reason = 'x' WHERE id = {ledger.sealed[-1]}")
    assert [finding.events for finding in ledger.verify().findings] == [(ledger.sealed[-1],)]


@pytest.mark.django_db(transaction=True)
def test_a_long_transaction_that_commits_late_is_sealed_and_verified(ledger: Ledger, monkeypatch) -> None:
    monkeypatch.setattr(sealing, "MOST", 3)
    known = connection.settings_dict
    with psycopg.connect(
        dbname=known["NAME"],
        user=known["USER"],
        password=known["PASSWORD"],
        host=known["HOST"],
        port=known["PORT"],
    ) as slow:
        slow.execute("SELECT pg_current_xact_id()")
        for n in range(4):
            with transaction.atomic():
                append(NOTED, ledger.unit, SYSTEM, data={"n": n})
                append(NOTED, ledger.unit, SYSTEM, data={"n": n})
        copied = ", ".join((*CONTENT, "org_path", "digest"))
        slow.execute(
            f"INSERT INTO ledger_event ({copied}) SELECT {copied} FROM ledger_event WHERE id = {ledger.sealed[4]}"
        )
        assert sealing.seal() == 2  # what was open before; nothing of the running transaction's time
        slow.commit()
    while sealing.seal():
        pass
    report = ledger.verify()
    assert report.intact and report.unsealed == 0


@pytest.mark.django_db(transaction=True)
def test_several_processes_find_the_same(ledger: Ledger, monkeypatch) -> None:
    from qipan.verifier import events

    monkeypatch.setattr(events, "MANY", 1)
    seen: list[tuple[int, int]] = []
    report = ledger.verify(processes=2, progress=lambda done, total: seen.append((done, total)))
    assert report.intact and seen[-1] == (report.events, report.events)


@pytest.mark.django_db(transaction=True)
def test_the_auditors_own_command_exits_with_one(ledger: Ledger) -> None:
    def run() -> subprocess.CompletedProcess[str]:
        options = [
            "--seals",
            str(ledger.home / "ledger"),
            "--key",
            str(ledger.home / "keys" / "ledger.pub.pem"),
        ]
        command = [sys.executable, "-m", "qipan.verifier", address(), *options]
        return subprocess.run(command, capture_output=True, text=True, check=False, env={"PYTHONPATH": "src"})

    done = run()
    assert done.returncode == 0 and json.loads(done.stdout)["intact"] is True, done.stderr
    ledger.attack(f"UPDATE ledger_event SET post = 'x' WHERE id = {ledger.sealed[3]}")
    done = run()
    assert done.returncode == 1
    assert [each["kind"] for each in json.loads(done.stdout)["findings"]] == ["edited"]


def test_the_verifier_imports_nothing_of_the_writer() -> None:
    folder = Path(qipan.verifier.__file__).parent
    known = sys.stdlib_module_names | {"psycopg", "cryptography"}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
                assert node.level == 0
            else:
                continue
            for name in names:
                assert name.split(".")[0] in known or name.startswith("qipan.verifier"), (
                    f"{path.name}: {name}"
                )
    loaded = "import sys, qipan.verifier; print([m for m in sys.modules if m.startswith(('qipan.kernel', 'django'))])"
    done = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, env={"PYTHONPATH": "src"}
    )
    assert done.stdout.strip() == "[]", done.stderr


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(-1e12, 1e12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_both_write_json_alike(value: object) -> None:
    assert compact(value) == json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_both_build_the_same_tree(digests: list[bytes]) -> None:
    tree = Tree()
    for digest in digests:
        tree.add(hashlib.sha256(b"\x00" + digest).digest())
    assert tree.root() == sealing.merkle_root(digests)


@pytest.mark.django_db
@given(
    st.dictionaries(
        st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
        json_values.filter(lambda v: "\\u0000" not in json.dumps(v)),
        max_size=4,
    )
)
def test_what_the_database_hands_back_has_the_same_hash(data: dict) -> None:
    try:
        refuse_what_does_not_keep(data)
        json.dumps(data, ensure_ascii=False).encode()
    except (ValueError, UnicodeEncodeError):
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::jsonb::text", [json.dumps(data)])
        text = cursor.fetchone()[0]
    fields = ["u", "t", "n", "k", "1", "", "null", "", "system", "null", "", text, ""]
    written = (
        '["u","t","n","k",1,"",null,"","system",null,"",'
        + json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        + ',""]'
    )
    assert event_leaf(fields)[0] == hashlib.sha256(written.encode()).digest()


@pytest.mark.parametrize("value", [1e16, -0.0, 1e-310, float("inf")])
def test_a_number_that_does_not_keep_is_no_data_of_an_event(value: float) -> None:
    with pytest.raises(ValueError, match="cannot stand"):
        refuse_what_does_not_keep({"a": [value]})

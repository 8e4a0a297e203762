"""The doctor: each fault is planted and noticed, with what to do; without it the same check is content."""

import base64
import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection, transaction

from qipan.conf import environment as env
from qipan.conf import frontend
from qipan.conf.doctor import Finding, checks, keys, machine
from qipan.conf.doctor import database as system
from qipan.kernel.ledger import dispatch, examination, sealing
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.models import Delivery, DeliveryState, Event
from qipan.kernel.ledger.registry import declare
from tests.orgs.factories import UnitTree

BEAT = declare("test.heart.beaten", "测试心跳", n=int)
SYSTEM = Actor.system()


def is_fault(finding: Finding) -> bool:
    """An error or a warning, and with a remedy."""
    if finding.level == "ok":
        assert not finding.mend
        return False
    assert finding.mend
    return True


@pytest.fixture
def home(settings, tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("QIPAN_HOME", str(tmp_path))
    settings.HOME = tmp_path
    return tmp_path


def heart(seconds_ago: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_workers")
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => %s))",
            [seconds_ago],
        )


@pytest.mark.django_db
def test_a_stopped_worker() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_workers")
    assert is_fault(system.workers_are_alive()) and "没有后台任务进程" in system.workers_are_alive().found
    heart(300)
    assert system.workers_are_alive().level == "error" and "qipan work" in system.workers_are_alive().mend
    heart(5)
    assert not is_fault(system.workers_are_alive())


@pytest.mark.django_db
def test_a_queue_that_does_not_move() -> None:
    assert system.queue_moves().level == "ok"
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (task_name, queue_name, status, scheduled_at)"
            " VALUES ('x', 'default', 'todo', now() - interval '1 hour')"
        )
    assert system.queue_moves().level == "error" and "60 分钟" in system.queue_moves().found


def test_a_full_disk(home: Path, monkeypatch) -> None:
    assert machine.disk_has_room().level in ("ok", "warning")
    monkeypatch.setenv("QIPAN_LEAST_FREE_MB", str(10**9))
    found = machine.disk_has_room()
    assert found.level == "error" and "QIPAN_HOME" in found.mend
    monkeypatch.setenv("QIPAN_LEAST_FREE_MB", "1")
    assert not is_fault(machine.disk_has_room())


def test_a_full_disk_is_told_by_the_command(tmp_path) -> None:
    def doctor(**more: str) -> tuple[int, dict[str, dict[str, str]]]:
        done = subprocess.run(
            [sys.executable, "-m", "qipan.cli", "doctor", "--json"],
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(env.ROOT / "src"),
                "QIPAN_HOME": str(tmp_path),
                **more,
            },
        )
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert rows, done.stderr
        return done.returncode, {row["check"]: row for row in rows}

    code, rows = doctor(QIPAN_LEAST_FREE_MB=str(10**9))
    assert code == 1 and rows["disk"]["level"] == "error" and rows["disk"]["mend"]
    _code, rows = doctor(QIPAN_LEAST_FREE_MB="1")
    assert rows["disk"]["level"] == "ok" and rows["keys"]["level"] == "ok"
    assert rows["database"]["mend"] == "./qipan demo"


@pytest.mark.django_db
def test_a_wrong_clock(home: Path) -> None:
    with transaction.atomic():
        append(BEAT, UnitTree().city, SYSTEM)
    assert not is_fault(system.clocks_agree())
    row = Event.objects.order_by("-pk").values().first()
    assert row is not None
    later = {**row, "id": row["id"] + 1000, "at": row["at"] + datetime.timedelta(hours=2)}
    later.pop("xid")
    Event(**later).save(force_insert=True)
    found = system.clocks_agree()
    assert found.level == "error" and "早于最近一条事件" in found.found and is_fault(found)
    slow = system.clock_against(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=5), None)
    assert slow.level == "error" and "timedatectl" in slow.mend
    (home / "log").mkdir()
    log = home / "log" / "web.log"
    log.write_text("")
    assert not is_fault(machine.clock_is_plausible())
    ahead = datetime.datetime.now().timestamp() + 3600
    os.utime(log, (ahead, ahead))
    assert machine.clock_is_plausible().level == "error"


@pytest.mark.django_db
def test_a_line_to_the_database_that_is_not_encrypted() -> None:
    for host in ("", "/run/postgresql", "127.0.0.1", "localhost"):
        assert not is_fault(system.line_to(host, False))
    assert not is_fault(system.line_to("db.example.gov.cn", True))
    assert is_fault(system.line_to("db.example.gov.cn", False))
    assert not is_fault(system.line_is_encrypted()), "the suite's own runs on this machine"


@pytest.mark.django_db
def test_stuck_deliveries(monkeypatch) -> None:
    def broken(event: Event) -> None:
        raise RuntimeError("the other room is on fire")

    monkeypatch.setitem(dispatch._reactions, "t", dispatch.Reaction("t", ("test.heart.*",), broken))
    assert not is_fault(examination.deliveries_arrive())
    append(BEAT, UnitTree().city, SYSTEM)
    for _round in range(dispatch.STUCK_AFTER):
        Delivery.objects.exclude(state=DeliveryState.DONE).update(next_at=datetime.datetime.now(datetime.UTC))
        dispatch.react_waiting()
    found = examination.deliveries_arrive()
    assert found.level == "error" and "t 1 条" in found.found and "resend" in found.mend
    monkeypatch.setitem(
        dispatch._reactions, "t", dispatch.Reaction("t", ("test.heart.*",), lambda event: None)
    )
    Delivery.objects.update(next_at=datetime.datetime.now(datetime.UTC))
    dispatch.react_waiting()
    assert not is_fault(examination.deliveries_arrive())


@pytest.mark.django_db(transaction=True)
def test_events_that_nobody_seals_and_a_copy_that_is_missing(home: Path, monkeypatch) -> None:
    sealing._copied.clear()
    with transaction.atomic():
        append(BEAT, UnitTree().city, SYSTEM)
    assert not is_fault(examination.events_are_sealed())
    monkeypatch.setattr(examination, "LONGEST_UNSEALED", datetime.timedelta(microseconds=1))
    found = examination.events_are_sealed()
    assert found.level == "error" and "待封存" in found.found and "qipan work" in found.mend
    sealing.seal()
    assert not is_fault(examination.events_are_sealed())
    (home / "ledger" / "seals.jsonl").unlink()
    present = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=5)
    monkeypatch.setattr(examination, "_present", lambda: present)
    found = examination.events_are_sealed()
    assert found.level == "warning" and "副本" in found.found


def test_a_missing_font(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(frontend, "FOLDER", tmp_path)
    found = machine.fonts_are_there()
    assert found.level == "error" and "noto-serif-sc" in found.found and is_fault(found)
    for family in ("noto-serif-sc", "noto-sans-sc"):
        folder = tmp_path / "node_modules" / "@expo-google-fonts" / family
        folder.mkdir(parents=True)
        (folder / "Regular.ttf").write_bytes(b"font")
    assert not is_fault(machine.fonts_are_there())


@pytest.mark.django_db(transaction=True)
def test_a_key_that_cannot_be_read(home: Path) -> None:
    assert not is_fault(keys.keys_can_be_read())
    sealing.signing_key()
    (home / "keys" / "vault.keys").write_text(base64.b64encode(bytes(32)).decode() + "\n")
    (home / "keys" / "vault.keys").chmod(0o600)
    assert not is_fault(keys.keys_can_be_read())
    for name, word in (("ledger.pem", "封存"), ("vault.keys", "个人信息")):
        path = home / "keys" / name
        kept = path.read_bytes()
        path.write_bytes(b"garbage")
        found = keys.keys_can_be_read()
        assert found.level == "error" and name in found.found and word in found.mend
        path.write_bytes(kept)
    (home / "keys" / "vault.keys").chmod(0o644)
    assert "chmod" in keys.keys_can_be_read().mend
    (home / "keys" / "vault.keys").chmod(0o600)
    (home / "keys" / "ledger.pem").unlink()
    assert "不见了" in keys.keys_can_be_read().found


@pytest.mark.django_db
def test_a_healthy_system_is_green() -> None:
    heart(1)
    found = {each.code: each.run() for each in checks("system") if each.code != "catalogues"}
    assert {code: finding for code, finding in found.items() if finding.level != "ok"} == {}
    assert {"deliveries", "seals", "workers", "queue", "database_clock", "migrations"} <= found.keys()


def test_a_check_that_breaks_is_an_error_and_not_a_crash() -> None:
    from qipan.conf.doctor import Check

    def look() -> Finding:
        raise RuntimeError("x")

    assert is_fault(Check("c", "t", "machine", look).run())


@pytest.mark.django_db
def test_an_index_that_is_missing_is_named() -> None:
    assert not is_fault(system.indexes_are_there())
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX flow_case_subject")
    finding = system.indexes_are_there()
    assert is_fault(finding) and "flow_case_subject" in finding.found and "./qipan city" in finding.mend

"""Which folder is whose: databases of copied and moved homes, addresses, ports, demo and real installations."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from qipan.cli import start
from qipan.cli.demo import run as run_demo
from qipan.cli.serve import port
from qipan.cli.session import Refusal
from qipan.cli.start import Options
from qipan.conf import environment as env
from qipan.conf import home
from qipan.conf.doctor import machine
from qipan.conf.postgres import DatabaseFailure, place
from tests.setup.systems import folder_for_all, free_port


@pytest.fixture
def room() -> Iterator[Path]:
    with folder_for_all() as folder:
        yield folder


@pytest.fixture
def here(monkeypatch, room: Path) -> Path:
    """This process's home."""
    monkeypatch.setenv("QIPAN_HOME", str(room / "home"))
    return room / "home"


def with_data_elsewhere(room: Path, name: str) -> tuple[Path, Path]:
    """A home whose database had to be put elsewhere, and that place."""
    own, base = room / name, room / "elsewhere"
    (own / "postgres").mkdir(parents=True)
    (base / "data").mkdir(parents=True)
    (own / "postgres" / "place.json").write_text(json.dumps({"base": str(base)}))
    (base / "belongs-to").write_text(f"{own}\n")
    return own, base


def test_a_copy_uses_the_data_that_were_copied_along(room: Path) -> None:
    (room / "copy" / "postgres" / "data").mkdir(parents=True)
    (room / "first" / "postgres" / "data").mkdir(parents=True)
    note = room / "copy" / "postgres" / "place.json"
    note.write_text(json.dumps({"base": str(room / "first" / "postgres")}))
    assert place.find(room / "copy").data == room / "copy" / "postgres" / "data"


def test_a_copy_never_works_on_data_elsewhere_that_its_original_uses(room: Path) -> None:
    own, base = with_data_elsewhere(room, "first")
    assert place.find(own).base == base
    (room / "copy" / "postgres").mkdir(parents=True)
    (room / "copy" / "postgres" / "place.json").write_text((own / "postgres" / "place.json").read_text())
    with pytest.raises(DatabaseFailure, match="副本"):
        place.find(room / "copy")


def test_a_moved_home_takes_its_data_elsewhere_along(room: Path) -> None:
    own, base = with_data_elsewhere(room, "first")
    own.rename(room / "moved")
    assert place.find(room / "moved").base == base
    assert (base / "belongs-to").read_text().strip() == str(room / "moved")


def test_a_real_installation_takes_no_demo_in(here: Path) -> None:
    home.remember(mode="production")
    with pytest.raises(Refusal, match="正式系统"):
        run_demo(None)  # type: ignore[arg-type]


def test_of_two_starts_the_second_is_told_of_the_first(here: Path) -> None:
    with (
        start._only_one(Options("demo", "127.0.0.1", 8123)),
        pytest.raises(Refusal, match=rf"进程 {os.getpid()},http://127\.0\.0\.1:8123/"),
        start._only_one(Options("demo", "127.0.0.1", 8200)),
    ):
        raise AssertionError("both run")
    with start._only_one(Options("demo", "127.0.0.1", 8123)):
        pass  # the first one's end leaves nothing


def test_a_busy_or_impossible_port_is_told_with_another() -> None:
    number = free_port()
    start._check_port("127.0.0.1", number)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", number))
        taken.listen()
        with pytest.raises(Refusal, match=rf"端口 {number} 已被别的程序占用.*--port {number + 100}"):
            start._check_port("127.0.0.1", number)
    with pytest.raises(Refusal, match="本机没有地址"):
        start._check_port("203.0.113.7", number)
    for text in ("0", "65535", "x"):
        with pytest.raises(Exception, match=r"端口|invalid"):
            port(text)


def test_the_demo_is_reached_under_every_name_of_the_machine(monkeypatch) -> None:
    for name in ("QIPAN_FEED_URL", "QIPAN_BASE_URL", "QIPAN_FEED_ORIGINS", "QIPAN_HOSTS"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(name, "")  # so that it is put back afterwards
        monkeypatch.delenv(name)
    start._set_addresses(Options("demo", "0.0.0.0", 8000))
    hosts = os.environ["QIPAN_HOSTS"].split(",")
    assert {"127.0.0.1", "localhost", socket.gethostname()} <= set(hosts)
    assert (
        os.environ["QIPAN_FEED_URL"] == ":8001/feed"
        and os.environ["QIPAN_BASE_URL"] == "http://127.0.0.1:8000"
    )
    assert "http://localhost:8000" in os.environ["QIPAN_FEED_ORIGINS"].split(",")
    assert env.sources(":8001/feed") == ["*:8001"] and env.sources("/feed") == []
    assert start._bracketed("::1") == start._bracketed("[::1]") == "[::1]"


def test_a_real_installation_is_asked_for_its_address(here: Path, monkeypatch) -> None:
    monkeypatch.delenv("QIPAN_BASE_URL", raising=False)
    assert machine.address_is_known().level == "ok"
    home.remember(mode="production")
    assert "QIPAN_BASE_URL" in machine.address_is_known().mend
    monkeypatch.setenv("QIPAN_BASE_URL", "http://city.example")
    assert machine.address_is_known().level == "warning"
    monkeypatch.setenv("QIPAN_BASE_URL", "https://city.example")
    assert machine.address_is_known().level == "ok"


def test_a_word_that_is_neither_yes_nor_no_is_told(monkeypatch) -> None:
    monkeypatch.setenv("QIPAN_X", "maybe")
    with pytest.raises(ValueError, match="QIPAN_X"):
        env.flag("QIPAN_X")
    with pytest.raises(ValueError, match="QIPAN_X"):
        env.number("QIPAN_X", 1)
    with pytest.raises(ValueError, match="postgresql"):
        env.database("mysql://x")

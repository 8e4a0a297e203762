"""How the archive of a release is made: a small city with a case in every state, backed up by that release's own code.

    ./qipan test tests/setup/releases/make.py -q        # at the release's commit; writes VERSION.tar.xz beside this file

The archive is a backup as `./qipan backup` makes it (of a database by DATABASE_URL), its keys sealed with the passphrase
below. Finished documents are left out for their size; the dump is kept unpacked inside, which xz packs better.
"""

import lzma
import shutil
import subprocess
import tarfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

import qipan
from qipan.conf import home
from qipan.conf.backup import dump, files, taking
from qipan.conf.database import Database
from qipan.domains.inspection import actions as inspection
from qipan.domains.inspection.models import Kind, Visit
from qipan.domains.licensing import actions as licensing
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow import registry
from qipan.kernel.flow.models import Case
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger import sealing
from qipan.kernel.ledger.dispatch import deliver_waiting
from qipan.kernel.orgs.roles import Role
from tests.backup.homes import progress
from tests.inspection.office import Office, fresh
from tests.jobs.test_a_killed_worker_loses_and_doubles_nothing import address
from tests.licensing import test_a_licence_got_by_fraud_is_rescinded as fraud
from tests.licensing import test_a_new_restaurant_is_checked_and_decided_by_people as people
from tests.orgs.factories import StaffFactory, reader_for

FOLDER = Path(__file__).resolve().parent
PASSPHRASE = "a release's keys open nothing"
FLOWS = ("licensing.application", "inspection.visit", "licensing.rescission")
#: No case rests there: the same transaction leads on.
PASSED_THROUGH = {"SIGNED", "FOUND"}


class Release:
    """A case in every state of every flow."""

    def __init__(self) -> None:
        self.city = Office()

    def applications(self) -> None:
        city, step = self.city, people.step
        subject, grant, reader = city.restaurant()
        licensing.submit(city.drafted("FB-RENEW", subject, grant, reader, unchanged="true"), reader)
        city.drafted("FB-RENEW", *city.restaurant())
        draft = city.drafted("FB-RENEW", *(shop := city.restaurant()))
        flow.fire(Case.objects.get(pk=draft.pk), "discard", shop[2].actor())
        people.submitted(city)
        step(people.submitted(city), city.receiver, "correct", data={"points": ["补交布局图"]})
        step(people.submitted(city), city.receiver, "decline", reason="不属于本局职权")
        step(people.submitted(city), city.receiver, "accept")
        people.checking(city)
        people.visit(city, people.checking(city)[0], {"3.2": "缺防鼠板"}, rectify=True)
        for code, more in (("", {}), ("refuse", {"reason": "不符合条件"}), ("terminate", {"reason": "申请人死亡"})):
            case, _order = people.checking(city)
            people.visit(city, case, {"1.1": "地址不符"} if code == "refuse" else None)
            if code:
                step(case, city.decider, code, **more)

    def inspections(self) -> None:
        city = self.city
        subject, grant, _reader = city.shop()
        inspection.open_visit(
            Kind.ROUTINE,
            uuid=uuid.uuid4(),
            subject=subject,
            grant=grant,
            actor=reader_for(city.head).actor(Role.OFFICE_HEAD, grant.org_path),
            source="HAND",
        )
        city.ordered(*city.shop()[:2])
        city.begun()
        city.concluded()
        city.signed()
        city.signed({"2.2": "不符合"}, measure="TO_CASE", affects_safety=True, rectify_by=None)
        city.signed({"2.2": "不符合"})
        again = city.signed({"2.2": "不符合"})
        city.reported(again)
        late = city.signed({"2.2": "不符合"})
        city.reported(late)
        city.rechecked(fresh(late), **{fresh(late).rectification.codes[0]: "仍未改正"})
        for code in ("unreachable", "closed_down", "refuse"):
            visit = city.ordered(*city.shop()[:2])
            city.claim(visit)
            inspection.leave(fresh(visit), reader_for(city.lead), code, reason="店门紧闭。")
        self._by_head(city.ordered(*city.shop()[:2]), "cancel")
        self._by_head(city.begun(), "annul")

    def _by_head(self, visit: Visit, code: str) -> None:
        flow.fire(visit.case, code, self.city.actor(self.city.head, visit, Role.OFFICE_HEAD), reason="理由")

    def rescissions(self) -> None:
        city, step = self.city, fraud.step
        leader = StaffFactory(role=Role.BUREAU_LEADER, unit=city.tree.districts[0])
        fraud.found(city)
        fraud.told(city)
        heard = fraud.told(city)
        step(heard, fraud.holder(heard), "ask_hearing")
        ends: tuple[tuple[str, Any, dict[str, Any]], ...] = (
            ("", None, {}), ("rescind", city.decider, {}), ("keep", city.decider, {"reason": "证据不足"}),
        )  # fmt: skip
        for code, who, more in ends:
            row = fraud.told(city)
            step(row, fraud.holder(row), "make_statement", data={"statement": "图纸由装修公司提供。"})
            if code:
                step(row, who, code, **more)
        step(fraud.found(city), leader, "drop", reason="许可证已注销")

    def granted(self) -> None:
        """Last of all: its documents wait for a worker."""
        case, _order = people.checking(self.city)
        people.visit(self.city, case)
        people.step(case, self.city.decider, "grant")


def states() -> dict[str, set[str]]:
    """The states in which cases stand, by flow."""
    found: dict[str, set[str]] = {code: set() for code in FLOWS}
    for code, state in Case.objects.values_list("flow_code", "state"):
        found[code].add(state)
    return found


@pytest.mark.django_db(transaction=True)
def test_make(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "home"
    settings.HOME = here
    for name, value in {"QIPAN_HOME": str(here), "QIPAN_BACKUPS": "", "DATABASE_URL": address()}.items():
        monkeypatch.setenv(name, value)
    home.remember(mode="production")
    release = Release()
    steps: tuple[Callable[[], None], ...] = (
        release.applications, release.inspections, release.rescissions,
    )  # fmt: skip
    for step in steps:
        step()
        drain()
        deliver_waiting(quiet=False)
    release.granted()
    missing = {
        code: {state.code for state in registry.get(code).states} - there - PASSED_THROUGH
        for code, there in states().items()
    }
    assert not any(missing.values()), missing
    while sealing.seal():
        pass
    sealing.copy_out()
    shutil.rmtree(here / "documents")
    made = taking.make(Database(), tmp_path / "backups", PASSPHRASE, progress)
    unpack(made)
    archive = FOLDER / f"{qipan.__version__}.tar.xz"
    with lzma.open(archive, "wb", preset=9 | lzma.PRESET_EXTREME) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(tmp_path / "backups", arcname="", filter=lambda entry: None if entry.name == "lock" else entry)
    print(f"{archive}: {archive.stat().st_size} bytes, {len(made.manifest.tables)} tables")
    assert archive.stat().st_size < 400_000


def unpack(made: taking.Made) -> None:
    """The dump again, of the same state (nobody writes) and not packed."""
    path = made.folder / "database" / dump.NAME
    where, environment = dump._address(address())
    with psycopg.connect(address()) as found:
        program = dump._program("pg_dump", found, address())
    command = [program, "-Fc", "--compress=0", "-f", path, "-d", where]
    subprocess.run(command, env=environment, cwd="/", check=True)
    made.manifest.parts[f"database/{dump.NAME}"] = [path.stat().st_size, files.digest_of(path)]
    made.manifest.write(made.folder)


"""An import killed with -9 leaves nothing behind, and the next one goes in whole without waiting for the dead one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from qipan.kernel.accounts.models import Person
from qipan.kernel.ledger.models import Event
from qipan.kernel.subjects.models import Identifier, RegisterImport, SourceRow, Subject
from tests.registers import messy
from tests.registers.registers import counts, report_of, take

ROOT = Path(__file__).resolve().parents[2]
IMPORT = """
import sys
from pathlib import Path
import django; django.setup()
from qipan.adapters.registers import service
from qipan.kernel.ledger.actor import Actor
watcher = service.Watcher(lambda title, size: print(title, flush=True))
service.import_subjects(Path(sys.argv[1]), actor=Actor.system("SZ/"), watcher=watcher)
"""


def address() -> str:
    known = connection.settings_dict
    return f"postgresql://{known['USER']}:{known['PASSWORD']}@:{known['PORT'] or 5432}/{known['NAME']}?host={known['HOST']}"


def killed_at(phase: str, path: Path, home: Path) -> None:
    """Import in a process of its own and kill it when it says that a phase begins."""
    environment = {
        **os.environ, "DATABASE_URL": address(), "QIPAN_HOME": str(home), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"
    }  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-c", IMPORT, str(path)],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        assert any(line.strip() == phase for line in child.stdout), f"the import never came to {phase}"
    finally:
        child.kill()
    assert child.wait() == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_while_reading_and_while_writing(tmp_path) -> None:
    path = messy.write(tmp_path / "名册.csv", 4000, "gb18030")
    for phase in ("查重", "写入", "检索与清单"):
        killed_at(phase, path, tmp_path / "home")
        tables = (Subject, Identifier, Person, SourceRow, RegisterImport)
        assert all(not table.objects.exists() for table in tables)
        assert not Event.objects.filter(name="subjects.subject.imported").exists()
    rejected, doubled = 40 * messy.REJECTED, 40 * messy.DOUBLED
    assert counts(take(path)) == (4000, 4000 - rejected - doubled, 0, doubled, rejected)
    assert Subject.objects.count() == SourceRow.objects.count() == 4000 - rejected - doubled
    assert RegisterImport.objects.count() == 1
    lines = [line for line in report_of(path) if line["结果"] == "退回"]
    assert len({line["行号"] for line in lines}) == rejected
    assert all(line["项目"] and line["原因"] and line["怎么办"] for line in lines)
    assert counts(take(path)) == (4000, 0, 0, 4000 - rejected, rejected)
    path = messy.write(path, 4000, "utf-8")
    assert counts(take(path)) == (4000, 0, 0, 4000 - rejected, rejected), "another encoding says nothing new"

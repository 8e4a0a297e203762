"""The small form of `./qipan drill applications`: thirty applications, web server, worker and supervisor killed once."""

import json
import subprocess
import sys

import pytest

from tests.setup.systems import ROOT, plain_environment

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux shows them"),
]


def test_thirty_applications_survive_one_kill_of_each_part() -> None:
    command = [ROOT / "qipan", "drill", "applications", "--scale", "small", "--json"]
    done = subprocess.run(
        command, env=plain_environment(), cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    promises = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(promises) == 5, done.stderr
    assert [each for each in promises if not each["kept"]] == [], done.stderr
    assert done.returncode == 0

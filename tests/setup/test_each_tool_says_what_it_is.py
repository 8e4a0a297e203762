"""Benchmarks, drills and walks list themselves without a database and without any settings."""

import os
import subprocess
import sys

import pytest

from qipan.conf import environment as env


@pytest.mark.parametrize("word", ["bench", "drill", "walk"])
def test_the_bare_word_lists_them(word: str, tmp_path) -> None:
    own = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("DJANGO_", "DATABASE_", "QIPAN_"))
    }
    paths = {
        "PYTHONPATH": os.pathsep.join([str(env.ROOT / "src"), str(env.ROOT)]),
        "QIPAN_HOME": str(tmp_path),
    }
    told = subprocess.run(
        [sys.executable, "-P", "-m", "qipan.cli", word],
        env=own | paths,
        cwd=env.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not told.stderr and told.stdout.strip(), told.stderr

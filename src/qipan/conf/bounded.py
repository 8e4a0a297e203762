"""Work on files from outside in a child process that cannot take more time or memory than it is given.

A parser that a hostile file sends round in circles holds no thread of the server: the child ends, and the file is
refused. The child imports one module of ours and calls its `main(arguments) -> bytes`; it needs no Django.
"""

import importlib
import os
import resource
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
#: A busy machine gives a child less than all of a core: so many times its seconds may pass on the clock.
WAITED = 3
START = "from qipan.conf.bounded import child; child()"


class BeyondBounds(RuntimeError):
    """The child took too long, needed too much, or died; `said` is what it wrote last."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


def run(module: str, *arguments: str, seconds: int = 10, megabytes: int = 1024, given: bytes = b"") -> bytes:
    """What `main` of a module of ours gives for these arguments and this standard input. Raises BeyondBounds.

    `seconds` are those of a processor.
    """
    command = [sys.executable, "-P", "-c", START, module, str(seconds), str(megabytes), *arguments]
    plain = {name: os.environ[name] for name in ("PATH", "LANG", "HOME", "TMPDIR") if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603  (our own interpreter, our own module)
            command,
            input=given,
            capture_output=True,
            timeout=seconds * WAITED,
            env={
                **plain,
                "PYTHONPATH": os.pathsep.join(path for path in (str(SOURCE), str(SOURCE.parent)) if path),
            },
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BeyondBounds(f"longer than {seconds * WAITED} s") from error
    if done.returncode != 0:
        raise BeyondBounds(done.stderr.decode(errors="replace").strip()[-400:] or f"ended {done.returncode}")
    return done.stdout


def child() -> None:
    """The other side: hold to the limits, then do the work."""
    module, seconds, megabytes, *arguments = sys.argv[1:]
    most = int(megabytes) * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.buffer.write(importlib.import_module(module).main(arguments))

"""The write-ahead log kept in a folder of backups, so that any moment between two backups can be restored."""

import gzip
import itertools
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from qipan.conf.backup.files import Progress

SEGMENT = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})")
PER_FILE = 256  # segments of 16 MB in a log file of 4 GB


def segments(folder: Path) -> list[str]:
    """The names of the segments of a folder, in their order."""
    names = (path.name.removesuffix(".gz") for path in folder.glob("*.gz"))
    return sorted(name for name in names if SEGMENT.fullmatch(name))


def gaps(names: Sequence[str]) -> list[str]:
    """Segments after which the next one of the same timeline is missing, though later ones are there."""
    found = []
    for before, after in itertools.pairwise(names):
        if before[:8] == after[:8] and _number(after) != _number(before) + 1:
            found.append(before)
    return found


def _number(name: str) -> int:
    return int(name[8:16], 16) * PER_FILE + int(name[16:24], 16)


def from_on(folder: Path, first: str) -> list[Path]:
    """The archived files that a recovery from a segment on may need: later segments and every timeline's history."""
    return [
        path
        for path in sorted(folder.glob("*.gz"))
        if path.name.endswith(".history.gz")
        or (SEGMENT.fullmatch(path.name.removesuffix(".gz")) and path.name[8:24] >= first[8:24])
    ]


def branches(sources: Sequence[Path], timeline: str) -> list[str]:
    """The timelines (eight hex digits) that later restores branched off from one, with the one itself first."""
    found = {timeline}
    for path in sorted(sources, key=lambda each: each.name):
        name = path.name.removesuffix(".gz")
        if name.endswith(".history"):
            with gzip.open(path, "rt", errors="replace") as lines:
                parents = {f"{int(line.split()[0]):08X}" for line in lines if line.strip()[:1].isdigit()}
            if timeline in parents:
                found.add(name.removesuffix(".history"))
    return sorted(found)


def unpack(sources: Sequence[Path], target: Path, progress: Progress) -> None:
    """Unpacks segments and histories into a folder from which a recovery takes them; each name once."""
    target.mkdir(mode=0o700)
    for done, source in enumerate(sources):
        progress(done, len(sources))
        path = target / source.name.removesuffix(".gz")
        if not path.exists():
            with gzip.open(source) as packed, path.open("wb") as out:
                shutil.copyfileobj(packed, out, 2**20)
    progress(len(sources), len(sources))

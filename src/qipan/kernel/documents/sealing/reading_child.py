"""The child that reads files from outside: their lengths as JSON on the first line of its input, then the files."""

import json
import sys

from qipan.kernel.documents.sealing import reading


def main(arguments: list[str]) -> bytes:
    """For each file [pages, ""] or [0, why it is unfit], as JSON."""
    line = sys.stdin.buffer.readline()
    found = []
    for length in json.loads(line):
        try:
            found.append([reading.rehearse(sys.stdin.buffer.read(length)), ""])
        except reading.Unfit as unfit:
            found.append([0, unfit.why])
    return json.dumps(found).encode()

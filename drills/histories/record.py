"""The history of a run: what each worker asked, when, and what it was answered, written before and after each act.

A line is on its way to the disk before the act begins, so that a worker that is killed leaves an act without an answer.
Moments are those of the machine's monotonic clock, which all its processes share.
"""

import json
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

READS = frozenset({"read"})


@dataclass
class Act:
    """One act of one worker.

    `record` is what it acts on ("case:12"), `label` the words by which the ledger's events tell of it. `outcome`: done,
    refused, cut (the connection died: it may have happened), failed (an answer nobody may get), or empty when the
    worker died before the answer. `result` is what it was answered: a version, a state, a number.
    """

    id: str
    worker: str
    kind: str
    record: str
    begun: float
    label: str = ""
    args: dict[str, Any] = field(default_factory=dict)
    ended: float = float("inf")
    outcome: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    problem: str = ""

    @property
    def done(self) -> bool:
        """It was acknowledged."""
        return self.outcome == "done"

    @property
    def unsure(self) -> bool:
        """Nobody told the worker whether it happened."""
        return self.outcome in {"", "cut"}

    @property
    def version(self) -> int | None:
        """The version of the record that it was answered."""
        return self.result.get("version")

    def __str__(self) -> str:
        return f"{self.kind} {self.record} {self.id}"


class Recorder:
    """Writes the acts of one worker process; its threads share it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1)
        self._lock = threading.Lock()

    def _write(self, line: dict[str, Any]) -> None:
        with self._lock:
            self._file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
            self._file.flush()

    def begin(self, act: Act) -> None:
        """Note that an act begins; its moment is taken now."""
        act.begun = time.monotonic()
        self._write(
            {
                "id": act.id,
                "worker": act.worker,
                "kind": act.kind,
                "record": act.record,
                "begun": act.begun,
                "label": act.label,
                "args": act.args,
            }
        )

    def end(self, act: Act) -> None:
        """Note what it was answered; its moment is taken now."""
        act.ended = time.monotonic()
        answer = {"id": act.id, "ended": act.ended, "outcome": act.outcome}
        self._write({**answer, "record": act.record, "result": act.result, "problem": act.problem})


def read(paths: Iterable[Path]) -> list[Act]:
    """All acts of a run in the order in which they began; the torn last line of a killed process is left out."""
    acts: dict[str, Act] = {}
    for path in paths:
        for line in path.read_text().splitlines():
            try:
                values = json.loads(line)
            except json.JSONDecodeError:
                continue
            known = acts.get(values["id"])
            if known is None:
                acts[values["id"]] = Act(**values)
            else:
                for name in ("ended", "outcome", "record", "result", "problem"):
                    setattr(known, name, values[name])
    return sorted(acts.values(), key=lambda act: act.begun)

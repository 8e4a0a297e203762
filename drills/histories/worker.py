"""One process of workers: several threads, each with a connection of its own, until the time is over or it is killed."""

import json
import os
import random
import threading
import time
from pathlib import Path
from typing import Any

HARD = {"40P01", "40001"}
"""Answers of a living database that nobody may get under READ COMMITTED with our locks: deadlock, no serialization."""


def work(plan: Path, name: str, seed: int, until: float, threads: int) -> None:
    """Let so many threads act until a moment of the monotonic clock; the history goes to NAME.jsonl beside the plan."""
    os.environ["PGAPPNAME"] = "drill"  # by which the harm finds their back ends
    from drills.histories.record import Recorder
    from drills.histories.stage import Plan

    known = Plan(**json.loads(plan.read_text()))
    recorder = Recorder(plan.parent / f"{name}.jsonl")
    started = [
        threading.Thread(target=_hand, args=(known, f"{name}{number}", seed + number, until, recorder))
        for number in range(threads)
    ]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()


def _hand(plan: Any, name: str, seed: int, until: float, recorder: Any) -> None:
    from django.db import connection
    from django.db.utils import Error

    from drills.histories.acts import Hand
    from drills.histories.record import Act
    from qipan.kernel.ledger.errors import Refused

    def run(act: Act, does: Any) -> dict[str, Any] | None:
        recorder.begin(act)
        answer = None
        try:
            answer = does()
            act.record = answer.pop("record", act.record)
            act.result, act.outcome = answer, "done"
        except Refused as refused:
            act.outcome, act.problem = "refused", refused.code
        except Error as error:
            act.outcome, act.problem = _told(error), f"{type(error).__name__}: {error}"[:300]
        recorder.end(act)
        if act.outcome == "cut":
            again()
        return answer

    def again() -> None:
        """A new connection, as soon as there is one."""
        connection.close()
        while time.monotonic() < until:
            try:
                connection.ensure_connection()
                return
            except Error:
                time.sleep(0.05)

    hand = Hand(name, plan, random.Random(seed), run)
    while time.monotonic() < until:
        try:
            hand.turn()
        except Error:  # a look between two acts: nothing was asked
            again()
    connection.close()


def _told(error: Exception) -> str:
    """Whether the connection died (so that nobody knows), or the database answered something it must not."""
    from django.db.utils import InterfaceError, OperationalError

    state = getattr(error.__cause__, "sqlstate", None)
    lost = isinstance(error, OperationalError | InterfaceError) and state not in HARD
    return "cut" if lost else "failed"

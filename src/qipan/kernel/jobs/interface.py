"""How jobs are declared and queued; Procrastinate stands behind it."""

import datetime
import logging
from collections.abc import Callable
from typing import Any

from django.db import transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from qipan.conf import wall

log = logging.getLogger(__name__)

#: Every declared job, by name; tests run them from here.
registry: dict[str, "Job"] = {}
periodic: list[tuple[str, "Job"]] = []
RETRY = RetryStrategy(max_attempts=12, exponential_wait=3)


class Job:
    """A function that can run later. Calling it runs it now."""

    def __init__(self, function: Callable[..., None], queue: str) -> None:
        self.function = function
        self.queue = queue
        self.name = f"{function.__module__}.{function.__qualname__}"
        self.__doc__ = function.__doc__
        self.task = app.task(name=self.name, queue=queue, retry=RETRY)(self._run)
        registry[self.name] = self

    def _run(self, **arguments: Any) -> None:
        from django.db import close_old_connections

        arguments.pop("timestamp", None)
        close_old_connections()
        try:
            self.function(**arguments)
        finally:
            close_old_connections()

    def __call__(self, **arguments: Any) -> None:
        self.function(**arguments)

    def defer(
        self, *, key: str = "", lock: str = "", at: datetime.datetime | None = None, **arguments: Any
    ) -> bool:
        """Queue in the present transaction. A job of the same `key` that still waits is not queued again (False).

        Jobs of one `lock` run one after another.
        """
        options: dict[str, Any] = {}
        if key:
            options["queueing_lock"] = key
        if lock:
            options["lock"] = lock
        if at:
            options["schedule_at"] = at
        try:
            with transaction.atomic():
                self.task.configure(**options).defer(**arguments)
        except AlreadyEnqueued:
            return False
        return True


def job(*, queue: str = "default") -> Callable[[Callable[..., None]], Job]:
    """Declare a job. It is tried again with growing pauses when it raises, and must bear being run twice."""
    return lambda function: Job(function, queue)


def every(cron: str) -> Callable[[Job], Job]:
    """Let a job run by the clock (five fields, Asia/Shanghai)."""

    def declare(declared: Job) -> Job:
        app.periodic(cron=cron)(declared.task)  # type: ignore[arg-type]  # `_run` takes the timestamp off
        periodic.append((cron, declared))
        return declared

    return declare


def after_commit(declared: Job, **arguments: Any) -> None:
    """Try a job right after the present transaction commits; what fails is left to the queued one."""

    def attempt() -> None:
        try:
            with wall.lifted():
                declared.function(**arguments)
        except Exception:
            log.exception("%s was not done at once; the queue will", declared.name)

    transaction.on_commit(attempt)

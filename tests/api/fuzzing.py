"""Calling every operation of the interface with inputs made from its own description: right ones, wrong ones, and the
identifiers of rows that exist. Runs in this process; each call is rolled back."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import requests
import schemathesis
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode

from qipan.portal.api import schema

SENT = {"method", "url", "headers", "params", "data", "json", "files", "cookies"}
OWN_HEADERS = {"Content-Type", "Content-Length"}


@dataclass
class Fuzzer:
    """Who calls (headers by name), with which real values for the parameters of paths, and what came of it."""

    callers: dict[str, dict[str, str]]
    known: dict[str, list[str]]
    faults: list[str] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)

    def run(self, examples: int) -> None:
        """So many right and so many wrong examples for each operation."""
        described = schemathesis.openapi.from_dict(schema.openapi())
        for found in described.get_all_operations():
            operation = found.ok()
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                self._try(operation, mode, examples)

    def _try(self, operation: Any, mode: GenerationMode, examples: int) -> None:
        strategy = operation.as_strategy(generation_mode=mode)
        real = st.one_of(
            st.none(), st.fixed_dictionaries({n: st.sampled_from(v) for n, v in self.known.items()})
        )

        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy, real, st.sampled_from(sorted(self.callers)))
        def one(case: Any, values: dict[str, str] | None, caller: str) -> None:
            if values:
                case.path_parameters = {
                    name: values.get(name, value) for name, value in (case.path_parameters or {}).items()
                }
            self._call(operation.label, case, caller)

        # An operation that takes nothing has no wrong input.
        with suppress(*([Unsatisfiable] if mode == GenerationMode.NEGATIVE else [])):
            one()

    def _call(self, label: str, case: Any, caller: str) -> None:
        with transaction.atomic():
            answer = self._answer(case, self.callers[caller])
            transaction.set_rollback(True)
        self.calls[label] += 1
        self.answers[answer.status_code] += 1
        if answer.status_code >= 500:
            self.faults.append(f"{label} as {caller} → {answer.status_code}: {case.as_curl_command()[:400]}")

    @staticmethod
    def _answer(case: Any, headers: dict[str, str]) -> Any:
        """The case as a client library would send it."""
        told = case.as_transport_kwargs(base_url=f"http://testserver{schema.PREFIX}", headers=headers)
        told = {name: value for name, value in told.items() if name in SENT}
        sent = requests.Request(**told).prepare()
        return Client(raise_request_exception=False).generic(
            sent.method or "GET",
            sent.path_url,
            sent.body or b"",
            content_type=sent.headers.get("Content-Type", "application/octet-stream"),
            headers={name: value for name, value in sent.headers.items() if name not in OWN_HEADERS},
        )

"""The bare sum of a renewal's parts: the rows that it writes, its documents rendered, signed and put on disk.

Nothing of the product runs here but the signing functions and the templates: rows go in by psycopg in as many
transactions as the product takes, into copies of the tables with all their indexes; Typst is called directly.
"""

import json
import multiprocessing
import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psycopg
import typst
from psycopg import sql
from psycopg.types.json import Jsonb

CONTEXT = multiprocessing.get_context("fork")
SCHEMA = "bench"
#: The queue, the rate limits and row versions are what our way costs, not what the task needs.
NOT_NEEDED = ("procrastinate_", "accounts_bucket", "django_")


@dataclass
class Paper:
    """One document: what Typst is given, and who signs."""

    body: str
    values: dict[str, Any]
    title: str
    signer: Any
    gm_signer: Any


@dataclass
class Bare:
    """What one case came to, ready to be written again and again."""

    url: str
    folder: Path
    rows: list[tuple[sql.Composed, list[Any]]] = field(default_factory=list)
    papers: list[Paper] = field(default_factory=list)
    commits: int = 1

    @classmethod
    def of(cls, url: str, superuser_url: str, folder: Path, since: int, cases: Sequence[int], commits: int) -> "Bare":
        """From everything that was written by transactions since `since`, and the documents of the cases."""
        made = cls(url, folder, commits=commits)
        folder.mkdir(parents=True, exist_ok=True)
        with psycopg.connect(superuser_url, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
            connection.execute(f"CREATE SCHEMA {SCHEMA}")
            names = connection.execute(
                "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1"
            ).fetchall()
            for (name,) in names:
                if not name.startswith(NOT_NEEDED):
                    made._take(connection, name, since)
            connection.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO qipan_app")
            connection.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA {SCHEMA} TO qipan_app")
            connection.execute(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA {SCHEMA} TO qipan_app")
        made._take_papers(cases)
        return made

    def _take(self, connection: psycopg.Connection[Any], name: str, since: int) -> None:
        """The rows of a table that the case wrote, and a copy of the table whose keys may stand twice."""
        table = sql.Identifier(name)
        found = connection.execute(
            sql.SQL("SELECT to_jsonb(t) FROM {} t WHERE xmin::text::bigint >= %s").format(table), [since]
        ).fetchall()
        if not found:
            return
        copy = sql.Identifier(SCHEMA, name)
        connection.execute(
            sql.SQL("CREATE TABLE {} (LIKE public.{} INCLUDING DEFAULTS INCLUDING STORAGE)").format(
                copy, table
            )
        )
        indexes = connection.execute(
            "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = %s::regclass",
            [f"public.{name}"],
        ).fetchall()
        for (text,) in indexes:
            plain = text.replace("CREATE UNIQUE INDEX", "CREATE INDEX").replace(" ON ONLY ", " ON ")
            connection.execute(plain.replace(" public.", f" {SCHEMA}."))
        columns = connection.execute(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = %s::regclass"
            " AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
            [f"public.{name}"],
        ).fetchall()
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            copy,
            sql.SQL(", ").join(sql.Identifier(column) for column, _kind in columns),
            sql.SQL(", ").join(sql.SQL("%s::") + sql.SQL(kind) for _column, kind in columns),
        )
        for (row,) in found:
            values = [_value(row[column], kind) for column, kind in columns]
            self.rows.append((statement, values))

    def _take_papers(self, cases: Sequence[int]) -> None:
        from qipan.kernel.documents import seals
        from qipan.kernel.documents.actions import values_of
        from qipan.kernel.documents.models import Document

        rows = Document.objects.filter(record_kind="flow.case", record_id__in=cases).select_related("template")
        for document in rows.order_by("pk"):
            seal = seals.seal_of(document.seal_path)
            signer, gm_signer = seals.signers(seal.pk, seal.key_id)
            values = values_of(document, seal)
            self.papers.append(
                Paper(document.template.body, values, document.template.title, signer, gm_signer)
            )

    def worker(self) -> "Worker":
        """One that does it, with a connection and a compiler of its own."""
        return Worker(self)

    def crew(self, count: int) -> "Crew":
        """So many processes that do it at the same time."""
        return Crew(self, count)


def _value(value: Any, kind: str) -> Any:
    if kind == "jsonb":
        return Jsonb(value)
    if kind == "bytea" and isinstance(value, str):
        return bytes.fromhex(value.removeprefix("\\x"))
    return value


class Worker:
    """Does the parts of one renewal, bare."""

    def __init__(self, bare: Bare) -> None:
        from qipan.kernel.documents import rendering

        self.bare = bare
        self.connection = psycopg.connect(bare.url, autocommit=True)
        self.connection.prepare_threshold = 1
        self.compiler = typst.Compiler(
            root=str(rendering.LAYOUT),
            font_paths=[str(folder) for folder in rendering.font_folders() if folder.exists()],
            ignore_system_fonts=True,
        )

    def insert(self) -> None:
        """The rows, in as many transactions."""
        rows, parts = self.bare.rows, self.bare.commits
        size = -(-len(rows) // parts)
        for start in range(0, len(rows), size):
            with self.connection.transaction(), self.connection.cursor() as cursor:
                for statement, values in rows[start : start + size]:
                    cursor.execute(statement, values)

    def render(self) -> list[bytes]:
        """The documents; each with another code, as no two are the same."""
        made = []
        for paper in self.bare.papers:
            values = {**paper.values, "verify_code": secrets.token_hex(10).upper()}
            pdf = self.compiler.compile(
                input=paper.body.encode(),
                format="pdf",
                sys_inputs={"data": json.dumps(values, ensure_ascii=False, default=str)},
                pdf_standards=["a-2b"],
            )
            made.append(bytes(pdf))  # type: ignore[arg-type]
        return made

    def seal(self, files: list[bytes]) -> list[bytes]:
        """Both signatures on each."""
        from qipan.kernel.documents.sealing import gbt38540, pades
        from qipan.kernel.ledger.clock import now

        signed = []
        for paper, pdf in zip(self.bare.papers, files, strict=True):
            done = pades.sign(pdf, paper.signer, now(), paper.title)
            paper.gm_signer.sign(gbt38540.sm3(done), now(), secrets.token_hex(16))
            signed.append(done)
        return signed

    def keep(self, files: list[bytes]) -> None:
        """On disk, safely."""
        for pdf in files:
            path = self.bare.folder / secrets.token_hex(12)
            with path.open("wb") as stream:
                stream.write(pdf)
                stream.flush()
                os.fsync(stream.fileno())
            path.unlink()

    def all(self) -> None:
        """Everything once."""
        self.insert()
        self.keep(self.seal(self.render()))

    def close(self) -> None:
        """Give the connection back."""
        self.connection.close()


class Crew:
    """Processes that do it at the same time, each with an interpreter, a connection and a compiler of its own, all warm.

    They are made before this process sets a page: a forked compiler has no threads.
    """

    def __init__(self, bare: Bare, count: int) -> None:
        self.pipes: list[Connection] = []
        self.people = []
        for _one in range(count):
            ours, theirs = CONTEXT.Pipe()
            person = CONTEXT.Process(target=_stand_by, args=(bare, theirs), daemon=True)
            person.start()
            self.pipes.append(ours)
            self.people.append(person)
        for pipe in self.pipes:
            pipe.recv()

    def do(self, count: int) -> tuple[list[float], float]:
        """Do it so many times in all, shared out evenly; (seconds of each, seconds for all)."""
        begun = time.perf_counter()
        few, more = divmod(count, len(self.pipes))
        for place, pipe in enumerate(self.pipes):
            pipe.send(few + (place < more))
        found = [seconds for pipe in self.pipes for seconds in pipe.recv()]
        return found, time.perf_counter() - begun

    def close(self) -> None:
        """Let them go."""
        for pipe in self.pipes:
            pipe.send(None)
        for person in self.people:
            person.join(10)


def _stand_by(bare: Bare, pipe: Connection) -> None:
    worker = bare.worker()
    worker.all()
    pipe.send("warm")
    while (count := pipe.recv()) is not None:
        times = []
        for _number in range(count):
            begun = time.perf_counter()
            worker.all()
            times.append(time.perf_counter() - begun)
        pipe.send(times)
    worker.close()

# ruff: noqa: S608 - the names of tables and columns in these statements are ours; values are parameters
"""The people in charge of known subjects, where the register now names another one or other numbers."""

from collections.abc import Iterator
from typing import Any

from django.db import connection

from qipan.kernel.accounts.actions import change_person, create_person
from qipan.kernel.accounts.models import Person
from qipan.kernel.accounts.vault import sealing
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.subjects.models import Subject

FIELDS = ("name", "id_number", "phone", "email")
BATCH = 500


def change(source: str, actor: Actor) -> int:
    """Compare in the vault, person by person; returns how many changed.

    The same name is the same person with other numbers; another name is another person. A person who was forgotten
    comes back only when the register's own row says something new.
    """
    changed = []
    for subject, said, told_before in _rows(source):
        person = subject.legal_rep
        if person is not None and person.forgotten_at:
            if not told_before:
                continue
            person = None
        known = person.clear(FIELDS) if person else {}
        told = {name: text for name, text in said.items() if text and text != known.get(name)}
        if not told:
            continue
        if person is not None and "name" not in told:
            change_person(person, told, actor=actor, reason=source, allow_other_document=True)
        else:
            subject.legal_rep = _enter(said, actor)
            subject.version += 1
            subject.save(update_fields=["legal_rep", "version"])
        changed.append((subject.pk,))
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO import_changed VALUES (%s)", changed)
    return len(changed)


def _enter(said: dict[str, str], actor: Actor) -> Person:
    return create_person(
        name=said["name"],
        id_number=said["id_number"],
        phone=said["phone"],
        email=said["email"],
        actor=actor,
        allow_other_document=True,
    )


def _rows(source: str) -> Iterator[tuple[Subject, dict[str, str], bool]]:
    sealed = ", ".join(f"s.{name}_sealed" for name in FIELDS)
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT k.subject_id, s.person, s.person_key, {sealed}, r.person_digest IS NOT NULL
                FROM import_keyed k JOIN import_staged s ON s.seq = k.seq
                LEFT JOIN subjects_sourcerow r ON r.source = %s AND r.key = k.key
                WHERE k.act = 'other' AND s.person IS NOT NULL AND k.subject_id > %s
                  AND r.person_digest IS DISTINCT FROM s.person_digest
                ORDER BY k.subject_id LIMIT {BATCH}
                """,
                [source, last],
            )
            found: list[Any] = cursor.fetchall()
        if not found:
            return
        subjects = Subject.objects.select_related("legal_rep").in_bulk([row[0] for row in found])
        for pk, uuid, key, *blobs, told_before in found:
            said = sealing.opened(uuid, key, dict(zip(FIELDS, blobs, strict=True)), FIELDS)
            yield subjects[pk], said, told_before
        last = found[-1][0]

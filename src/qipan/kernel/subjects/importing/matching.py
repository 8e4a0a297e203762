# ruff: noqa: S608 - the names of tables and columns in these statements are ours; values are parameters
"""Which subject a row speaks of: doubles told, known subjects found, what contradicts itself refused.

The rows of one key (`import_keyed`) are one subject; `seq` is the row that speaks for it. A key that cannot be taken
in is refused as a whole, with all its rows, so that a row is never half in.
"""

from typing import Literal

from django.utils.translation import gettext as _

from qipan.kernel.subjects.importing.rows import SINGLE
from qipan.kernel.subjects.importing.statements import around, run
from qipan.kernel.subjects.models import IdentifierKind

Repeat = Literal["reject", "last"]


def gather(repeat: Repeat) -> None:
    """One row for each subject: doubled rows told, doubled history refused, codes and history unfolded."""
    # A temporary table has no statistics unless it is told to, and then only of what it held at that moment. Without
    # them (or without these indexes) the joins below become nested loops over the whole of the file.
    run("CREATE UNIQUE INDEX ON import_staged (seq)")
    run("CREATE INDEX ON import_staged (key)")
    run("ANALYZE import_staged (seq, key, outcome)")
    run("ANALYZE import_noted (seq, level)")
    run(
        "CREATE TEMP TABLE import_staged_record ON COMMIT DROP AS"
        " SELECT s.seq, s.key AS row_key, r.kind, r.key, r.on, r.result, r.data"
        " FROM import_staged s, jsonb_to_recordset(s.records)"
        ' AS r(kind text, key text, "on" date, result text, data jsonb)'
    )
    run("CREATE INDEX ON import_staged_record (kind, key)")
    run("CREATE INDEX ON import_staged_record (seq)")
    run("ANALYZE import_staged_record")
    run(
        """
        INSERT INTO import_noted
        SELECT s.seq, s.sheet, s.line, 'error', %(field)s, r.key, %(before)s || b.line || %(after)s, %(todo)s
        FROM (SELECT *, min(seq) OVER same AS first FROM import_staged_record
              WINDOW same AS (PARTITION BY kind, key)) r
        JOIN import_staged_record f ON f.seq = r.first AND f.kind = r.kind AND f.key = r.key
        JOIN import_staged s ON s.seq = r.seq JOIN import_staged b ON b.seq = r.first
        WHERE r.seq <> r.first
          AND (f.on, f.result, f.data, f.row_key) IS DISTINCT FROM (r.on, r.result, r.data, r.row_key)
        """,
        around(_("与第 {} 行的记录编号相同而内容不同"))
        | {"field": _("历史记录编号"), "todo": _("请核对两行，保留正确的一行后重新导入。")},
    )
    _reject_noted()
    run(
        "CREATE TEMP TABLE import_keyed ON COMMIT DROP AS SELECT key,"
        f" {'max' if repeat == 'last' else 'min'}(seq) AS seq, NULL::bigint AS subject_id, NULL::text AS act"
        " FROM import_staged WHERE outcome IS NULL GROUP BY key"
    )
    run("CREATE UNIQUE INDEX ON import_keyed (key)")
    run("CREATE UNIQUE INDEX ON import_keyed (seq)")
    run("ANALYZE import_keyed")
    if repeat == "reject":
        _tell_doubles()
    run(
        "CREATE TEMP TABLE import_staged_code ON COMMIT DROP AS"
        " SELECT DISTINCT ON (k.key, c.kind, c.value) k.key, k.seq, c.* FROM import_keyed k"
        " JOIN import_staged s ON s.seq = k.seq, jsonb_to_recordset(s.codes)"
        " AS c(kind text, value text, check_ok boolean, override_reason text)"
    )
    run(
        "CREATE TEMP TABLE import_refused"
        " (key text, field text, value text, reason text, todo text) ON COMMIT DROP"
    )
    run("CREATE INDEX ON import_staged_code (key)")
    run("ANALYZE import_staged_code")


def _reject_noted() -> None:
    run(
        "UPDATE import_staged s SET outcome = 'rejected'"
        " FROM import_noted n WHERE n.seq = s.seq AND n.level = 'error' AND s.outcome IS NULL"
    )


def _tell_doubles() -> None:
    same = around(_("与第 {} 行完全相同")) | {
        "level": "hint",
        "todo": _("不需要处理，已按一行登记。"),
        "test": "=",
    }
    other = around(_("与第 {} 行是同一主体而内容不同")) | {
        "level": "error",
        "todo": _("请核对两行，保留正确的一行后重新导入。"),
        "test": "<>",
    }
    for told in (same, other):
        run(
            "INSERT INTO import_noted SELECT s.seq, s.sheet, s.line, %(level)s, %(field)s, s.name,"
            " %(before)s || b.line || %(after)s, %(todo)s"
            " FROM import_keyed k JOIN import_staged b ON b.seq = k.seq JOIN import_staged s ON s.key = k.key"
            f" WHERE s.seq <> k.seq AND s.outcome IS NULL AND (s.digest || s.person_digest || s.records::text)"
            f" {told['test']} (b.digest || b.person_digest || b.records::text)",
            {**told, "field": _("整行")},
        )
    _reject_noted()


def match(source: str) -> None:
    """Find the subject of each key: known from this register, by its codes, or (without any code) by name and address."""
    run(
        "UPDATE import_keyed k SET subject_id = r.subject_id"
        " FROM subjects_sourcerow r WHERE r.source = %(source)s AND r.key = k.key",
        {"source": source},
    )
    _refuse_shared_codes()
    run(
        """
        UPDATE import_keyed k SET subject_id = found.subject_id
        FROM (SELECT c.key, min(i.subject_id) AS subject_id FROM import_staged_code c
              JOIN subjects_identifier i ON i.kind = c.kind AND i.value = c.value GROUP BY c.key) found
        WHERE found.key = k.key AND k.subject_id IS NULL
        """
    )
    if run("SELECT 1 FROM import_keyed WHERE key LIKE 'NAME:%%' AND subject_id IS NULL LIMIT 1") > 0:
        run(
            """
            UPDATE import_keyed k SET subject_id = found.subject_id
            FROM (SELECT k.key, min(s.id) AS subject_id FROM import_keyed k
                  JOIN import_staged r ON r.seq = k.seq
                  JOIN subjects_subject s ON s.name = r.name AND s.domicile = r.domicile
                  WHERE k.key LIKE 'NAME:%%' AND k.subject_id IS NULL AND r.domicile <> ''
                  GROUP BY k.key HAVING count(*) = 1) found
            WHERE found.key = k.key
            """
        )
    _refuse_strangers_codes()
    _refuse_second_code()
    _refuse_two_keys()
    _refuse_strangers_records(source)
    _carry_out_refusals()


def _refuse_shared_codes() -> None:
    run(
        """
        INSERT INTO import_refused
        SELECT DISTINCT ON (c.key) c.key, c.kind, c.value, %(before)s || s.line || %(after)s, %(todo)s
        FROM (SELECT *, min(seq) OVER (PARTITION BY kind, value) AS first FROM import_staged_code) c
        JOIN import_staged s ON s.seq = c.first WHERE c.seq <> c.first
        """,
        around(_("与第 {} 行用了同一编号，其他编号却不同"))
        | {"todo": _("一个编号只属于一个主体，请核对两行的编号。")},
    )


def _refuse_strangers_codes() -> None:
    run(
        """
        INSERT INTO import_refused
        SELECT DISTINCT ON (c.key) c.key, c.kind, c.value, %(reason)s, %(todo)s
        FROM import_staged_code c JOIN import_keyed k USING (key)
        JOIN subjects_identifier i ON i.kind = c.kind AND i.value = c.value AND i.subject_id <> k.subject_id
        """,
        {
            "reason": _("该编号已登记在另一主体名下"),
            "todo": _("请核对编号；确属登记有误的，先在系统中更正已有主体，再重新导入。"),
        },
    )


def _refuse_second_code() -> None:
    run(
        """
        INSERT INTO import_refused
        SELECT DISTINCT ON (c.key) c.key, c.kind, c.value, %(before)s || i.value || %(after)s, %(todo)s
        FROM import_staged_code c JOIN import_keyed k USING (key)
        JOIN subjects_identifier i ON i.subject_id = k.subject_id AND i.kind = c.kind AND i.value <> c.value
        WHERE c.kind = ANY(%(single)s) AND (i.check_ok OR NOT c.check_ok)
        """,
        around(_("同一主体已登记另一编号 {}"))
        | {"todo": _("请核对哪一个编号正确；系统中的有误的，先更正再重新导入。"), "single": list(SINGLE)},
    )


def _refuse_two_keys() -> None:
    run(
        """
        INSERT INTO import_refused
        SELECT k.key, '', '', %(before)s || s.line || %(after)s, %(todo)s
        FROM (SELECT *, min(seq) OVER (PARTITION BY subject_id) AS first FROM import_keyed
              WHERE subject_id IS NOT NULL) k
        JOIN import_staged s ON s.seq = k.first WHERE k.seq <> k.first
        """,
        around(_("与第 {} 行指向已登记的同一主体"))
        | {"todo": _("请核对两行的编号，保留正确的一行后重新导入。")},
    )


def _refuse_strangers_records(source: str) -> None:
    run(
        """
        INSERT INTO import_refused
        SELECT DISTINCT ON (k.key) k.key, %(field)s, r.key, %(reason)s, %(todo)s
        FROM import_staged_record r JOIN import_staged s ON s.seq = r.seq AND s.outcome IS NULL
        JOIN import_keyed k ON k.key = s.key
        JOIN subjects_externalrecord e ON e.source = %(source)s AND e.kind = r.kind AND e.key = r.key
        WHERE e.subject_id IS DISTINCT FROM k.subject_id
        """,
        {
            "source": source,
            "field": _("历史记录编号"),
            "reason": _("该记录已登记在另一主体名下"),
            "todo": _("请核对记录编号和主体编号。"),
        },
    )


def _carry_out_refusals() -> None:
    titles = ", ".join(f"('{kind.value}', %({kind.value})s)" for kind in IdentifierKind)
    run(
        f"""
        INSERT INTO import_noted
        SELECT s.seq, s.sheet, s.line, 'error', coalesce(t.title, nullif(r.field, ''), %(whole)s),
               coalesce(nullif(r.value, ''), s.name), r.reason, r.todo
        FROM (SELECT DISTINCT ON (key) * FROM import_refused ORDER BY key, reason) r
        JOIN import_staged s ON s.key = r.key AND s.outcome IS NULL
        LEFT JOIN (VALUES {titles}) AS t(kind, title) ON t.kind = r.field
        """,
        {"whole": _("整行")} | {kind.value: str(kind.label) for kind in IdentifierKind},
    )
    _reject_noted()
    run("DELETE FROM import_keyed k USING import_refused r WHERE r.key = k.key")
    run("DELETE FROM import_staged_code c USING import_refused r WHERE r.key = c.key")


def decide(source: str) -> None:
    """What becomes of each key: `new`, `same` as last time, or to be compared field by field (`other`)."""
    run(
        """
        UPDATE import_keyed k SET act = CASE
            WHEN k.subject_id IS NULL THEN 'new'
            WHEN EXISTS (SELECT 1 FROM subjects_sourcerow r JOIN import_staged s ON s.seq = k.seq
                         WHERE r.source = %(source)s AND r.key = k.key AND r.digest = s.digest
                           AND (r.person_digest = s.person_digest OR s.person_digest = '')) THEN 'same'
            ELSE 'other' END
        """,
        {"source": source},
    )
    run(
        "UPDATE import_keyed SET subject_id = nextval(pg_get_serial_sequence('subjects_subject', 'id'))"
        " WHERE act = 'new'"
    )
    run("CREATE INDEX ON import_keyed (subject_id)")
    run("ANALYZE import_keyed")
    run("CREATE TEMP TABLE import_changed (subject_id bigint) ON COMMIT DROP")

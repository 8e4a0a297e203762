# ruff: noqa: S608 - the names of tables and columns in these statements are ours; values are parameters
"""The merge of staged rows into the register, a few statements for any number of rows.

The rows of one key (`import_keyed`) are one subject; `seq` is the row that speaks for it. A key that cannot be taken
in is refused as a whole, with all its rows, so that a row is never half in.
"""

from typing import Any, Literal

from django.db import connection
from django.utils.translation import gettext as _

from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects.importing.rows import SINGLE
from qipan.kernel.subjects.models import IdentifierKind, Status
from qipan.kernel.subjects.statuses import STEPS

Repeat = Literal["reject", "last"]


def run(sql: str, parameters: dict[str, Any] | None = None) -> int:
    """One statement; the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


def gather(repeat: Repeat) -> None:
    """One row for each subject: doubled rows told, doubled history refused, codes and history unfolded."""
    run("ANALYZE import_staged")
    run(
        "CREATE TEMP TABLE import_staged_record ON COMMIT DROP AS"
        " SELECT s.seq, s.key AS row_key, r.kind, r.key, r.on, r.result, r.data"
        " FROM import_staged s, jsonb_to_recordset(s.records)"
        ' AS r(kind text, key text, "on" date, result text, data jsonb)'
    )
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
        _around(_("与第 {} 行的记录编号相同而内容不同"))
        | {"field": _("历史记录编号"), "todo": _("请核对两行，保留正确的一行后重新导入。")},
    )
    _reject_noted()
    run(
        "CREATE TEMP TABLE import_keyed ON COMMIT DROP AS SELECT key,"
        f" {'max' if repeat == 'last' else 'min'}(seq) AS seq, NULL::bigint AS subject_id, NULL::text AS act,"
        " NULL::bigint AS person_id FROM import_staged WHERE outcome IS NULL GROUP BY key"
    )
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
    for table in ("keyed", "staged_code", "staged_record"):
        run(f"ANALYZE import_{table}")


def _reject_noted() -> None:
    run(
        "UPDATE import_staged s SET outcome = 'rejected'"
        " FROM import_noted n WHERE n.seq = s.seq AND n.level = 'error' AND s.outcome IS NULL"
    )


def _tell_doubles() -> None:
    same = _around(_("与第 {} 行完全相同")) | {
        "level": "hint",
        "todo": _("不需要处理，已按一行登记。"),
        "test": "=",
    }
    other = _around(_("与第 {} 行是同一主体而内容不同")) | {
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


def _around(text: str) -> dict[str, str]:
    """The two halves of a sentence around the number that the database puts in."""
    before, after = text.split("{}")
    return {"before": before, "after": after}


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
        _around(_("与第 {} 行用了同一编号，其他编号却不同"))
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
        _around(_("同一主体已登记另一编号 {}"))
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
        _around(_("与第 {} 行指向已登记的同一主体"))
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
    run("CREATE TEMP TABLE import_changed (subject_id bigint) ON COMMIT DROP")


def enter_new(fallback: str, at: Any) -> None:
    """People, subjects and codes that were not there. `fallback` is the unit of those for which none was found."""
    run(
        """
        INSERT INTO accounts_person (uuid, key, name_sealed, id_number_sealed, phone_sealed, email_sealed,
            id_number_index, phone_index, email_index, created_at, is_demo)
        SELECT s.person, s.person_key, s.name_sealed, s.id_number_sealed, s.phone_sealed, s.email_sealed,
            s.id_number_index, s.phone_index, s.email_index, %(at)s, false
        FROM import_keyed k JOIN import_staged s ON s.seq = k.seq
        WHERE k.act = 'new' AND s.person IS NOT NULL
        """,
        {"at": at},
    )
    run(
        """
        INSERT INTO subjects_subject (id, uuid, name, type, is_branch, status, org_path, industry, business_scope,
            legal_rep_id, capital, currency, established_on, approved_on, term_to, domicile, credit_class, risk_grade,
            is_demo, version, grams)
        SELECT k.subject_id, gen_random_uuid(), s.name, s.type_guess, s.is_branch, coalesce(nullif(s.status, ''), %(active)s),
            coalesce(nullif(s.org_path, ''), %(fallback)s), s.industry, s.business_scope, p.id, s.capital,
            coalesce(nullif(s.currency, ''), 'CNY'), s.established_on, s.approved_on, s.term_to, s.domicile, '', '',
            false, 1, s.grams
        FROM import_keyed k JOIN import_staged s ON s.seq = k.seq LEFT JOIN accounts_person p ON p.uuid = s.person
        WHERE k.act = 'new' ORDER BY s.seq
        """,
        {"active": Status.ACTIVE.value, "fallback": fallback},
    )


def change_facts() -> None:
    """Facts of known subjects that the register now tells otherwise; what it leaves empty stays."""
    kept = ("type", "industry", "business_scope", "currency", "domicile", "org_path")
    new = {"name": "s.name", "is_branch": "s.is_branch OR o.is_branch"}
    new |= {name: f"coalesce(nullif(s.{name}, ''), o.{name})" for name in kept}
    new |= {
        name: f"coalesce(s.{name}, o.{name})"
        for name in ("capital", "established_on", "approved_on", "term_to")
    }
    run(
        f"""
        WITH done AS (
            UPDATE subjects_subject o SET {", ".join(f"{name} = {value}" for name, value in new.items())},
                version = o.version + 1
            FROM import_keyed k JOIN import_staged s ON s.seq = k.seq
            WHERE k.act = 'other' AND o.id = k.subject_id
              AND ({", ".join(f"o.{name}" for name in new)}) IS DISTINCT FROM ({", ".join(new.values())})
            RETURNING o.id)
        INSERT INTO import_changed SELECT id FROM done
        """
    )


def change_statuses(source: str, on: Any, reason: str) -> None:
    """Statuses that the register now tells otherwise, as far as the law lets one follow the other (DOMAIN 2.3)."""
    steps = ", ".join(
        f"('{step.before.value}', '{step.after.value}', {'true' if step.listed_barred else 'false'})"
        for step in STEPS
    )
    barred = (
        "SELECT 1 FROM subjects_mark m WHERE m.subject_id = o.id AND m.since <= %(on)s"
        " AND (m.until IS NULL OR m.until > %(on)s) AND m.kind IN ('ABNORMAL_LIST', 'SERIOUS_LIST')"
    )
    base = f"""
        FROM import_keyed k JOIN import_staged s ON s.seq = k.seq
        JOIN subjects_subject o ON o.id = k.subject_id
        LEFT JOIN (VALUES {steps}) AS t(before, after, barred) ON t.before = o.status AND t.after = s.status
            AND NOT (t.barred AND EXISTS ({barred}))
        WHERE k.act = 'other' AND s.status <> '' AND s.status <> o.status
    """
    titles = ", ".join(f"('{status.value}', %({status.name})s)" for status in Status)
    values = {"on": on, "reason": reason, "source": source[:120]}
    values |= {status.name: str(status.label) for status in Status}
    run(
        f"""
        INSERT INTO import_noted
        SELECT s.seq, s.sheet, s.line, 'warning', %(field)s, n.title, %(before)s || p.title || %(after)s, %(todo)s
        FROM (SELECT s.seq AS at, o.status AS was, s.status AS said {base} AND t.before IS NULL) c
        JOIN import_staged s ON s.seq = c.at
        JOIN (VALUES {titles}) AS p(code, title) ON p.code = c.was
        JOIN (VALUES {titles}) AS n(code, title) ON n.code = c.said
        """,
        values
        | _around(_("系统中现为“{}”，不能直接变为这一状态，状态没有变更"))
        | {"field": _("状态"), "todo": _("请在系统中按程序变更状态。")},
    )
    run(
        f"""
        WITH wanted AS (SELECT o.id, o.status AS was, s.status AS said {base} AND t.before IS NOT NULL),
        done AS (UPDATE subjects_subject o SET status = w.said, version = o.version + 1 FROM wanted w
                 WHERE o.id = w.id RETURNING o.id),
        told AS (INSERT INTO subjects_statuschange (subject_id, before, after, "on", reason, source)
                 SELECT id, was, said, %(on)s, %(reason)s, %(source)s FROM wanted)
        INSERT INTO import_changed SELECT id FROM done
        """,
        values,
    )


def enter_codes() -> None:
    """Codes of new and known subjects; a code that looked wrong gives way to one that is right."""
    run(
        """
        WITH done AS (
            UPDATE subjects_identifier i SET value = c.value, check_ok = true, override_reason = ''
            FROM import_staged_code c JOIN import_keyed k USING (key)
            WHERE k.act = 'other' AND i.subject_id = k.subject_id AND i.kind = c.kind AND i.value <> c.value
              AND c.kind = ANY(%(single)s) AND NOT i.check_ok AND c.check_ok
            RETURNING i.subject_id)
        INSERT INTO import_changed SELECT subject_id FROM done
        """,
        {"single": list(SINGLE)},
    )
    entered = run(
        """
        WITH done AS (
            INSERT INTO subjects_identifier (subject_id, kind, value, check_ok, override_reason)
            SELECT k.subject_id, c.kind, c.value, c.check_ok, c.override_reason
            FROM import_staged_code c JOIN import_keyed k USING (key) WHERE k.act IN ('new', 'other')
            ORDER BY c.seq, c.kind DESC
            ON CONFLICT (kind, value) DO NOTHING RETURNING subject_id)
        INSERT INTO import_changed SELECT subject_id FROM done
        """
    )
    wanted = run(
        "SELECT 1 FROM import_staged_code c JOIN import_keyed k USING (key) JOIN subjects_identifier i"
        " ON i.kind = c.kind AND i.value = c.value AND i.subject_id <> k.subject_id LIMIT 1"
    )
    if entered and wanted:
        # Somebody registered the same code after the rows were matched: nothing is half done, all is tried again.
        raise Refused(_("导入期间有人登记了相同的编号，本次没有写入，请重新导入。"), code="conflict")


def enter_places(fallback: str) -> None:
    """Places of business: new ones entered, known ones (same address) completed or corrected."""
    unfolded = """
        SELECT k.subject_id, coalesce(nullif(s.org_path, ''), %(fallback)s) AS org_path, p.*
        FROM import_keyed k JOIN import_staged s ON s.seq = k.seq, jsonb_to_record(s.place) AS p(
            address text, name text, division_code text, street text, longitude numeric(9,6), latitude numeric(8,6),
            area_m2 numeric(10,2))
        WHERE k.act IN ('new', 'other') AND s.place IS NOT NULL
    """
    new = {name: f"coalesce(nullif(n.{name}, ''), o.{name})" for name in ("name", "division_code", "street")}
    new |= {name: f"coalesce(n.{name}, o.{name})" for name in ("longitude", "latitude", "area_m2")}
    run(
        f"""
        WITH n AS ({unfolded}), done AS (
            UPDATE subjects_premises o SET {", ".join(f"{name} = {value}" for name, value in new.items())}
            FROM n WHERE o.subject_id = n.subject_id AND o.address = n.address
              AND ({", ".join(f"o.{name}" for name in new)}) IS DISTINCT FROM ({", ".join(new.values())})
            RETURNING o.subject_id),
        made AS (
            INSERT INTO subjects_premises (subject_id, name, address, division_code, street, org_path, longitude,
                latitude, area_m2)
            SELECT subject_id, name, address, division_code, street, org_path, longitude, latitude, area_m2 FROM n
            WHERE NOT EXISTS (SELECT 1 FROM subjects_premises o
                              WHERE o.subject_id = n.subject_id AND o.address = n.address)
            RETURNING subject_id)
        INSERT INTO import_changed SELECT subject_id FROM done UNION ALL SELECT subject_id FROM made
        """,
        {"fallback": fallback},
    )


def enter_records(source: str) -> None:
    """The history that rows bring along; a record that says something else now is corrected, with its old state kept."""
    run(
        """
        WITH n AS (
            SELECT DISTINCT ON (r.kind, r.key) r.*, k.subject_id FROM import_staged_record r
            JOIN import_staged s ON s.seq = r.seq AND s.outcome IS NULL JOIN import_keyed k ON k.key = s.key
            ORDER BY r.kind, r.key, r.seq),
        done AS (
            INSERT INTO subjects_externalrecord (subject_id, source, kind, key, "on", result, data)
            SELECT subject_id, %(source)s, kind, key, "on", result, data FROM n ORDER BY seq
            ON CONFLICT (source, kind, key) DO UPDATE
            SET "on" = excluded."on", result = excluded.result, data = excluded.data
            WHERE (subjects_externalrecord."on", subjects_externalrecord.result, subjects_externalrecord.data)
                IS DISTINCT FROM (excluded."on", excluded.result, excluded.data)
            RETURNING kind, key, xmax = 0 AS is_new)
        UPDATE import_staged s SET outcome = CASE WHEN done.is_new THEN 'created' ELSE 'updated' END
        FROM done JOIN n USING (kind, key) WHERE s.seq = n.seq
        """,
        {"source": source},
    )


def settle(source: str) -> None:
    """An outcome for every row, and what is remembered of each key for the next time."""
    run(
        """
        UPDATE import_staged s SET outcome = CASE
            WHEN k.seq = s.seq AND k.act = 'new' THEN 'created'
            WHEN s.outcome IS NOT NULL THEN s.outcome
            WHEN k.seq = s.seq AND EXISTS (SELECT 1 FROM import_changed c WHERE c.subject_id = k.subject_id)
                THEN 'updated'
            ELSE 'known' END
        FROM import_keyed k WHERE k.key = s.key AND s.outcome IS DISTINCT FROM 'rejected'
        """
    )
    run(
        """
        INSERT INTO subjects_sourcerow (source, key, subject_id, digest, person_digest)
        SELECT %(source)s, k.key, k.subject_id, s.digest, s.person_digest
        FROM import_keyed k JOIN import_staged s ON s.seq = k.seq WHERE k.act <> 'same'
        ON CONFLICT (source, key) DO UPDATE SET digest = excluded.digest,
            person_digest = coalesce(nullif(excluded.person_digest, ''), subjects_sourcerow.person_digest)
        """,
        {"source": source},
    )

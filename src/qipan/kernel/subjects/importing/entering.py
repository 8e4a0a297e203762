# ruff: noqa: S608 - the names of tables and columns in these statements are ours; values are parameters
"""Writing what was matched: a few statements for any number of rows."""

from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects.importing.rows import SINGLE
from qipan.kernel.subjects.importing.statements import around, run
from qipan.kernel.subjects.models import Status
from qipan.kernel.subjects.statuses import STEPS


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
        | around(_("系统中现为“{}”，不能直接变为这一状态，状态没有变更"))
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

"""The second wall on cases and work orders: see `qipan.conf.wall` for what the setting says.

The arms are ordered by how often they let a row through, and every `(SELECT …)` is worked out once a statement, and
only when a row comes to it. That of an open wall is written as an inequality because the planner takes it to hold for
nearly every row: it then plans as if there were no wall. No role is named and the owner is not held back (no FORCE):
migrations and dumps are the owner's.
"""

from django.db import migrations

SETTING = "current_setting('qipan.wall', true)"
OPEN = f"(SELECT CASE WHEN {SETTING} = 'open' THEN 0 ELSE 1 END) <> 1"
USER = f"(SELECT nullif(split_part({SETTING}, '|', 2), '')::bigint)"
# Nearly every reader has one bureau, and a range costs a row a third of what a search in a list does: `SZ/FT/` to `SZ/FT0`.
FIRST = f"nullif(split_part(split_part({SETTING}, '|', 3), ',', 1), '')"
BUREAU = f"(org_path >= (SELECT {FIRST}) AND org_path < (SELECT left({FIRST}, -1) || '0'))"
BUREAUS = f"((SELECT string_to_array(split_part({SETTING}, '|', 3), ','))::text[])"
SUBJECTS = f"((SELECT string_to_array(split_part({SETTING}, '|', 4), ','))::bigint[])"

# Orders in which somebody of another bureau was asked to take part, and the cases of these. The second one reads orders
# as the owner, so that one policy does not ask the other.
JOINED = f"""
CREATE FUNCTION flow_orders_joined() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public AS $$
    SELECT array_agg(order_id) FROM flow_participant
    WHERE active AND user_id = nullif(split_part({SETTING}, '|', 2), '')::bigint
$$;
CREATE FUNCTION flow_cases_joined() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
    SELECT array_agg(o.case_id) FROM flow_participant p JOIN flow_workorder o ON o.id = p.order_id
    WHERE p.active AND p.user_id = nullif(split_part({SETTING}, '|', 2), '')::bigint
$$;
"""
CASES = f"""
CREATE POLICY qipan_wall ON flow_case USING (
    {BUREAU}
    OR {OPEN}
    OR opened_by = {USER}
    OR org_path ^@ ANY {BUREAUS}
    OR subject_id = ANY {SUBJECTS}
    OR id = ANY ((SELECT flow_cases_joined())::bigint[])
);
ALTER TABLE flow_case ENABLE ROW LEVEL SECURITY;
"""
ORDERS = f"""
CREATE POLICY qipan_wall ON flow_workorder USING (
    {BUREAU}
    OR {OPEN}
    OR issued_by = {USER}
    OR assignee_id = {USER}
    OR org_path ^@ ANY {BUREAUS}
    OR subject_id = ANY {SUBJECTS}
    OR id = ANY ((SELECT flow_orders_joined())::bigint[])
);
ALTER TABLE flow_workorder ENABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('flow', '0003_row_history'),
    ]

    operations = [
        migrations.RunSQL(
            JOINED, "DROP FUNCTION flow_cases_joined(); DROP FUNCTION flow_orders_joined();"
        ),
        migrations.RunSQL(
            CASES,
            "ALTER TABLE flow_case DISABLE ROW LEVEL SECURITY; DROP POLICY qipan_wall ON flow_case;",
        ),
        migrations.RunSQL(
            ORDERS,
            "ALTER TABLE flow_workorder DISABLE ROW LEVEL SECURITY; DROP POLICY qipan_wall ON flow_workorder;",
        ),
    ]

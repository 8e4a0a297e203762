"""The files of licences that were issued before there was a register of them."""

from django.db import migrations

FILL = """
INSERT INTO subjects_certificate (grant_id, document_id, issue, at)
SELECT a.result_grant_id, d.id,
       dense_rank() OVER (PARTITION BY a.result_grant_id ORDER BY a.case_id),
       coalesce(d.issued_at, d.prepared_at)
FROM licensing_application a
JOIN subjects_grant g ON g.id = a.result_grant_id
JOIN documents_document d ON d.record_kind = 'flow.case' AND d.record_id = a.case_id
JOIN documents_template t ON t.id = d.template_id
WHERE d.state IN ('ISSUED', 'REVOKED')
  AND t.code IN (SELECT k.template FROM items_licencekind k WHERE k.code = g.kind AND k.template <> ''
                 UNION SELECT k.template || '_copy' FROM items_licencekind k WHERE k.code = g.kind)
ON CONFLICT (document_id) DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0003_seals_of_businesses"),
        ("items", "0001_initial"),
        ("licensing", "0006_staff_review"),
        ("subjects", "0005_certificates"),
    ]
    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]

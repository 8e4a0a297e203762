"""Drafts of tables become drafts of catalogue rows (law.Draft). A draft's row changed only when it was closed, and who
did it when stands on the row and in the ledger, so that its history adds nothing and goes."""

import hashlib
import json

from django.db import migrations


def carry_over(apps, schema_editor):
    """Every draft of a table as a draft of kind decision_tables."""
    old, new = apps.get_model("decisions", "TableDraft"), apps.get_model("law", "Draft")
    versions = apps.get_model("decisions", "TableVersion")
    for row in old.objects.order_by("pk").iterator():
        body = {name: value for name, value in row.body.items() if name != "code"}
        text = json.dumps(body, sort_keys=True, ensure_ascii=False)
        before = versions.objects.filter(code=row.code, valid_from__lt=row.valid_from).order_by("-valid_from")
        state = "OPEN" if row.closed_at is None else "RELEASED" if row.released_id else "WITHDRAWN"
        if state == "OPEN" and new.objects.filter(
            kind="decision_tables", code=row.code, valid_from=row.valid_from, state="OPEN"
        ):
            # Two drafts for one day could stand side by side; the older stays, this one is put aside.
            state = "WITHDRAWN"
        new.objects.create(
            kind="decision_tables",
            code=row.code,
            valid_from=row.valid_from,
            title=row.title,
            body=body,
            based_on=before.values_list("valid_from", flat=True).first(),
            file_name=row.file_name,
            file_digest=row.digest,
            digest=hashlib.sha256(text.encode()).hexdigest(),
            org_path=row.org_path,
            drafted_by=row.drafted_by,
            editors=[row.drafted_by],
            at=row.at,
            state=state,
            closed_by=row.closed_by,
            closed_at=row.closed_at,
        )


class Migration(migrations.Migration):
    dependencies = [("decisions", "0004_required_tables"), ("law", "0003_drafts")]

    operations = [
        migrations.RunPython(carry_over, migrations.RunPython.noop),
        migrations.RemoveField(model_name="tabledraftevent", name="pgh_obj"),
        migrations.RemoveField(model_name="tabledraftevent", name="pgh_context"),
        migrations.RemoveField(model_name="tabledraftevent", name="released"),
        migrations.DeleteModel(name="TableDraft"),
        migrations.DeleteModel(name="TableDraftEvent"),
    ]

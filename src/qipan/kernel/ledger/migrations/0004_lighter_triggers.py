from django.db import migrations

from qipan.kernel.ledger.history import lighten_triggers


def lighten(apps: object, editor: object) -> None:
    lighten_triggers(editor.connection.alias)  # type: ignore[attr-defined]


class Migration(migrations.Migration):
    """After the tables are there: systems of before get the lighter functions too."""

    dependencies = [("ledger", "0003_row_history"), ("pghistory", "0007_auto_20250421_0444")]
    operations = [migrations.RunPython(lighten, migrations.RunPython.noop, elidable=True)]

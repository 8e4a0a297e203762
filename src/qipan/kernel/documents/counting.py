"""How many seals there are by unit, kind and state, kept by the database as they change.

Each statement that makes, moves or removes seals adds its differences as rows, so that nobody waits for a counter; their
sum is exact in every transaction's own sight. A nightly job puts them together.
"""

import pgtrigger
from django.db import connection, models, transaction
from django.utils.translation import gettext_lazy as _

from qipan.kernel.documents.models import Seal, SealKind, SealState


class SealCount(models.Model):
    """A difference in the number of seals (印章计数); what stands is the sum over a unit, kind and state."""

    org_path = models.CharField(_("管辖机构"), max_length=120, db_collation="C")
    kind = models.CharField(_("种类"), max_length=10, choices=SealKind)
    state = models.CharField(_("状态"), max_length=10, choices=SealState)
    seals = models.IntegerField(_("枚数"))

    class Meta:
        app_label = "documents"
        verbose_name = _("印章计数")
        verbose_name_plural = _("印章计数")
        indexes = [models.Index(fields=["org_path"], name="documents_sealcount_org")]

    def __str__(self) -> str:
        return f"{self.org_path} {self.kind} {self.state} {self.seals}"


def _keep(name: str, operation: pgtrigger.Operation, referencing: pgtrigger.Referencing, func: str) -> None:
    pgtrigger.register(
        pgtrigger.Trigger(
            name=name,
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=operation,
            referencing=referencing,
            func=f"{func}; RETURN NULL;",
        )
    )(Seal)


_keep(
    "count_made", pgtrigger.Insert, pgtrigger.Referencing(new="new_rows"),
    "INSERT INTO documents_sealcount (org_path, kind, state, seals)"
    " SELECT org_path, kind, state, count(*) FROM new_rows GROUP BY 1, 2, 3",
)  # fmt: skip
_keep(
    "count_removed", pgtrigger.Delete, pgtrigger.Referencing(old="old_rows"),
    "INSERT INTO documents_sealcount (org_path, kind, state, seals)"
    " SELECT org_path, kind, state, -count(*) FROM old_rows GROUP BY 1, 2, 3",
)  # fmt: skip
_keep(
    "count_moved", pgtrigger.Update, pgtrigger.Referencing(old="old_rows", new="new_rows"),
    "INSERT INTO documents_sealcount (org_path, kind, state, seals)"
    " SELECT org_path, kind, state, sum(n) FROM (SELECT org_path, kind, state, 1 AS n FROM new_rows"
    " UNION ALL SELECT org_path, kind, state, -1 FROM old_rows) moved GROUP BY 1, 2, 3 HAVING sum(n) <> 0",
)  # fmt: skip


def gather() -> None:
    """Put the differences together: one row for each unit, kind and state that has seals."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH gone AS (DELETE FROM documents_sealcount RETURNING org_path, kind, state, seals)"
            " INSERT INTO documents_sealcount (org_path, kind, state, seals)"
            " SELECT org_path, kind, state, sum(seals) FROM gone GROUP BY 1, 2, 3 HAVING sum(seals) <> 0"
        )


@transaction.atomic
def recount() -> None:
    """Count all seals anew, for what was loaded past the triggers; nobody makes or moves one meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE documents_seal IN SHARE MODE")
        cursor.execute("DELETE FROM documents_sealcount")
        cursor.execute(
            "INSERT INTO documents_sealcount (org_path, kind, state, seals)"
            " SELECT org_path, kind, state, count(*) FROM documents_seal GROUP BY 1, 2, 3"
        )

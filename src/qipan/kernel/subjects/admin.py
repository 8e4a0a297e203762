"""The register of grants for the auditor, to be read."""

from django.contrib import admin

from qipan.kernel.ledger.admin import Kept
from qipan.kernel.subjects.models import Grant


@admin.register(Grant)
class GrantAdmin(Kept):
    list_display = ("number", "title", "subject", "state", "valid_from", "valid_to", "org_path")
    list_filter = ("state", "kind")
    list_select_related = ("subject",)
    search_fields = ("number",)
    fields = (
        "number", "kind", "title", "subject_name", "state", "decided_on", "valid_from", "valid_to",
        "org_path", "version",
    )  # fmt: skip
    readonly_fields = ("subject_name",)

    @admin.display(description=Grant._meta.get_field("subject").verbose_name)
    def subject_name(self, grant: Grant) -> str:
        """The holder's name, without a list of every subject of the city to choose from."""
        return grant.subject.name

"""Cases for the auditor, to be read: every change of a case is a step of its flow."""

from django.contrib import admin

from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.admin import Kept


@admin.register(Case)
class CaseAdmin(Kept):
    list_display = ("number", "title", "flow_code", "state", "org_path", "opened_at", "due_on", "closed_at")
    list_filter = ("flow_code",)
    search_fields = ("number",)
    list_display_links = ("number", "title")
    fields = (
        "uuid", "number", "title", "flow_code", "flow_version", "state", "result", "org_path", "opened_at",
        "due_on", "closed_at", "version",
    )  # fmt: skip
    readonly_fields = ("uuid",)

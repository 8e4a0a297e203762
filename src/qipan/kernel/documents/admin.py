"""Documents and seals for system staff, to be read: what is made or revoked goes through actions."""

from django.contrib import admin

from qipan.kernel.documents.models import Document, Seal, Template
from qipan.kernel.ledger.admin import AUDITOR, SYSTEM_ADMIN, Kept


@admin.register(Document)
class DocumentAdmin(Kept):
    """What became of documents; a blocked one says why. What they contain is not shown."""

    readers = (AUDITOR, SYSTEM_ADMIN)
    list_display = ("id", "template", "number", "state", "problem", "prepared_at", "issued_at")
    list_filter = ("state",)
    list_select_related = ("template",)
    search_fields = ("number",)
    fields = (
        "template", "number", "state", "problem", "org_path", "digest", "size", "pages", "prepared_at",
        "issued_at", "revoked_at", "revoked_reason",
    )  # fmt: skip


@admin.register(Seal)
class SealAdmin(Kept):
    readers = (AUDITOR, "security_admin")
    list_display = ("seal_id", "name", "unit_path", "state", "valid_from", "valid_to")
    list_filter = ("state",)
    fields = list_display


@admin.register(Template)
class TemplateAdmin(Kept):
    readers = (SYSTEM_ADMIN, AUDITOR)
    list_display = ("code", "title", "valid_from", "number_rule", "sealed", "law", "unconfirmed")
    search_fields = ("code", "title")

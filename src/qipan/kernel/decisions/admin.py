"""Decision tables for system staff, to be read: rows are dated and never change, a new version is released by an action."""

from django.contrib import admin

from qipan.kernel.decisions.models import TableVersion
from qipan.kernel.ledger.admin import AUDITOR, SYSTEM_ADMIN, Kept


@admin.register(TableVersion)
class CatalogueAdmin(Kept):
    readers = (SYSTEM_ADMIN, AUDITOR)
    list_display = ("code", "valid_from", "title")

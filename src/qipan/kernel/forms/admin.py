"""Data elements, forms and checklists for system staff, to be read: rows are dated and never change, a new version is released by an action."""

from django.contrib import admin

from qipan.kernel.forms.models import ChecklistVersion, ElementVersion, FormVersion
from qipan.kernel.ledger.admin import AUDITOR, SYSTEM_ADMIN, Kept


@admin.register(ElementVersion, FormVersion, ChecklistVersion)
class CatalogueAdmin(Kept):
    readers = (SYSTEM_ADMIN, AUDITOR)
    list_display = ("code", "valid_from", "title")

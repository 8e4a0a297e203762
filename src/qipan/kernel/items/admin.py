"""Coded items and materials for system staff, to be read: rows are dated and never change, a new version is released by an action."""

from django.contrib import admin

from qipan.kernel.items.models import Item, LicenceKind, MaterialType
from qipan.kernel.ledger.admin import AUDITOR, SYSTEM_ADMIN, Kept


@admin.register(Item, LicenceKind, MaterialType)
class CatalogueAdmin(Kept):
    readers = (SYSTEM_ADMIN, AUDITOR)
    list_display = ("code", "valid_from", "__str__")

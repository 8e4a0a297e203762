"""Rules of law and years of holidays for system staff, to be read: rows are dated and never change, a new version is released by an action."""

from django.contrib import admin

from qipan.kernel.law.models import HolidayYear, LawRule
from qipan.kernel.ledger.admin import AUDITOR, SYSTEM_ADMIN, Kept


@admin.register(LawRule)
class LawRuleAdmin(Kept):
    readers = (SYSTEM_ADMIN, AUDITOR)
    list_display = ("code", "valid_from", "title", "value", "unit", "law", "article", "unconfirmed")
    search_fields = ("code", "title")


@admin.register(HolidayYear)
class HolidayYearAdmin(Kept):
    readers = (SYSTEM_ADMIN, AUDITOR)
    list_display = ("year", "source")

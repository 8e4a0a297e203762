"""The organisation for system staff: units, posts, people, who holds what since when. Changes go through actions."""

from django.contrib import admin

from qipan.kernel.ledger.admin import AUDITOR, SYSTEM_ADMIN, Kept
from qipan.kernel.orgs.models import Absence, Appointment, Delegation, Post, PostRole, Staff, Unit


class ReadInline(admin.TabularInline):  # type: ignore[type-arg]
    """Rows below another, to be read."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_view_permission(self, request: object, obj: object = None) -> bool:
        return True


class PostRoleInline(ReadInline):
    model = PostRole


class AppointmentInline(ReadInline):
    model = Appointment
    autocomplete_fields = ()


@admin.register(Unit)
class UnitAdmin(Kept):
    readers = (SYSTEM_ADMIN, AUDITOR)
    list_display = ("code", "name", "level", "path", "division_code", "licence_area_code", "is_demo")
    list_filter = ("level",)
    search_fields = ("code", "name", "path")


@admin.register(Post)
class PostAdmin(Kept):
    readers = (SYSTEM_ADMIN, AUDITOR)
    list_display = ("code", "name", "unit")
    list_select_related = ("unit",)
    search_fields = ("code", "name", "unit__name")
    inlines = (PostRoleInline,)


@admin.register(Staff)
class StaffAdmin(Kept):
    readers = (SYSTEM_ADMIN, AUDITOR)
    list_display = ("number", "user", "unit", "certificate_number", "certificate_valid_to")
    list_select_related = ("user", "unit")
    search_fields = ("number", "user__username", "user__label", "unit__name")
    inlines = (AppointmentInline,)


@admin.register(Delegation, Absence)
class StandInAdmin(Kept):
    readers = (SYSTEM_ADMIN, AUDITOR)

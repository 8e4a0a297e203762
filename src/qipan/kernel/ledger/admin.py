"""The ledger for system staff: to read, and to send again what is stuck."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger import actions, dispatch
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Delivery, Event, Seal, Subscription


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that nobody edits."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ("id", "at", "name", "record_kind", "record_key", "actor_kind", "post")
    search_fields = ("record_key",)
    show_full_result_count = False


@admin.register(Seal)
class SealAdmin(ReadOnly):
    list_display = ("number", "at", "count", "last_id")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    list_display = ("id", "receiver", "event", "state", "attempts", "next_at")
    list_filter = ("state",)
    actions = ("send_again",)

    @admin.action(description=_("重新投递"), permissions=["view"])
    def send_again(self, request: HttpRequest, queryset: Any) -> None:
        """Send the chosen deliveries again."""
        for delivery in queryset:
            try:
                actions.resend(delivery)
            except Refused as refused:
                messages.warning(request, str(refused))


@admin.register(Subscription)
class SubscriptionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("code", "title", "pattern", "url", "active")

    def save_model(self, request: HttpRequest, obj: Subscription, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        dispatch.forget_subscriptions()

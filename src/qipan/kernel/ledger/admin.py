"""The ledger for system staff: the auditor reads it, the system administrator minds subscriptions and deliveries."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger import actions, queries
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Delivery, DeliveryState, Event, Seal, Subscription

AUDITOR, SYSTEM_ADMIN = "auditor", "system_admin"


def _holds(request: HttpRequest, *roles: str) -> bool:
    """Whether the reader holds one of the roles over the installation. Roles are the room above's: plain words here."""
    return bool(request.reader.over_all(*roles))  # type: ignore[attr-defined]


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.reader.actor(SYSTEM_ADMIN)  # type: ignore[attr-defined]
    return actor


class Kept(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that nobody edits, for those who hold a role."""

    readers: tuple[str, ...] = (AUDITOR,)
    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _holds(request, *self.readers)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Event)
class EventAdmin(Kept):
    list_display = ("id", "at", "name", "record_kind", "record_key", "actor_kind", "post")
    search_fields = ("record_key",)


@admin.register(Seal)
class SealAdmin(Kept):
    list_display = ("number", "at", "count", "last_id")


@admin.register(Delivery)
class DeliveryAdmin(Kept):
    readers = (AUDITOR, SYSTEM_ADMIN)
    list_display = ("id", "receiver", "event", "state", "attempts", "next_at", "error_line")
    list_filter = ("state",)
    list_select_related = ("event",)
    actions = ("send_again",)

    @admin.display(description=_("错误"))
    def error_line(self, delivery: Delivery) -> str:
        """The error in one line."""
        return delivery.error.splitlines()[0][:120] if delivery.error else ""

    def has_resend_permission(self, request: HttpRequest) -> bool:
        """The system administrator's; the auditor only reads."""
        return _holds(request, SYSTEM_ADMIN)

    @admin.action(description=_("重新投递"), permissions=["resend"])
    def send_again(self, request: HttpRequest, queryset: Any) -> None:
        """Send the chosen deliveries again."""
        sent = 0
        for delivery in queryset:
            try:
                actions.resend(delivery, actor=_actor(request))
                sent += 1
            except Refused as refused:
                messages.warning(request, f"{delivery.pk}: {refused}")
        if sent:
            messages.success(request, ngettext("%d 条将立即重新投递。", "%d 条将立即重新投递。", sent) % sent)


class SubscriptionForm(forms.ModelForm):  # type: ignore[type-arg]
    """A subscription as it is typed in; a secret that is left empty stays as it was."""

    url = forms.URLField(label=_("地址"), max_length=300, assume_scheme="https")
    secret = forms.CharField(
        label=_("签名密钥"),
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("至少 16 个字符；留空则不改变。接收方用它核对 Qipan-Signature。"),
    )

    class Meta:
        model = Subscription
        fields = ("code", "title", "pattern", "url", "secret", "org_path", "active")

    def clean(self) -> dict[str, Any] | None:
        """What the action would refuse is told at its field."""
        values = super().clean() or {}
        if not values.get("secret"):
            values["secret"] = self.instance.secret
        problem = actions.subscription_problem(values.get("url", ""), values["secret"])
        if problem is not None and problem.field not in self.errors:
            self.add_error(problem.field, str(problem))
        return values


@admin.register(Subscription)
class SubscriptionAdmin(Kept):
    readers = (AUDITOR, SYSTEM_ADMIN)
    form = SubscriptionForm
    list_display = ("code", "title", "pattern", "url", "active", "standing")

    @admin.display(description=_("投递"))
    def standing(self, subscription: Subscription) -> str:
        """How many wait and how many are stuck."""
        rows = Delivery.objects.filter(subscription=subscription).exclude(state=DeliveryState.DONE)
        stuck = rows.filter(state=DeliveryState.STUCK).count()
        return gettext("待投递 %(waiting)d，受阻 %(stuck)d") % {
            "waiting": rows.count() - stuck,
            "stuck": stuck,
        }

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who only reads does not see the secret."""
        return [
            name
            for name in SubscriptionForm.Meta.fields
            if name != "secret" or self.has_add_permission(request)
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _holds(request, SYSTEM_ADMIN)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _holds(request, SYSTEM_ADMIN)

    def save_model(self, request: HttpRequest, obj: Subscription, form: Any, change: bool) -> None:
        actions.save_subscription(obj, actor=_actor(request))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """What is stuck is told above the list."""
        stuck = queries.stuck().count()
        if stuck:
            messages.warning(request, gettext("有 %d 条投递受阻，见“投递”。") % stuck)
        return super().changelist_view(request, extra_context)

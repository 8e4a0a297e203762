from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CityConfig(AppConfig):
    name = "qipan.city"
    label = "city"
    verbose_name = _("示范城市")

    def ready(self) -> None:
        """Offer the demo accounts on the sign-in page of the demo, and declare the events."""
        from qipan.city import accounts, events  # noqa: F401
        from qipan.ui.signin.hooks import provide_demo_accounts

        provide_demo_accounts(accounts.offered)

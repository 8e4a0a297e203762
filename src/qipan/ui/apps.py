from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UiConfig(AppConfig):
    name = "qipan.ui"
    label = "ui"
    verbose_name = _("界面")

    def ready(self) -> None:
        """Connect what the ledger hears of signing in."""
        from qipan.ui.signin import receivers  # noqa: F401

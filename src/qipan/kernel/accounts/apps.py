from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "qipan.kernel.accounts"
    label = "accounts"
    verbose_name = _("账户")

    def ready(self) -> None:
        """Declare the events of this app and what the doctor looks at."""
        from qipan.kernel.accounts import events  # noqa: F401
        from qipan.kernel.accounts.vault import examination  # noqa: F401

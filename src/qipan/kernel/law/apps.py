from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LawConfig(AppConfig):
    name = "qipan.kernel.law"
    label = "law"
    verbose_name = _("法规")

    def ready(self) -> None:
        """Make the catalogues of this room known."""
        from qipan.kernel.law import events, loading
        from qipan.kernel.law.drafting import jobs

        assert events and jobs
        loading.register()

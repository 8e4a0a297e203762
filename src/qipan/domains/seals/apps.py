from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SealsConfig(AppConfig):
    name = "qipan.domains.seals"
    label = "seals"
    verbose_name = _("电子印章")

    def ready(self) -> None:
        """Declare the flow, its part of the case page, and what follows from its events."""
        from qipan.domains.seals import flow, jobs, panel, reactions

        assert flow and jobs and reactions
        panel.register()

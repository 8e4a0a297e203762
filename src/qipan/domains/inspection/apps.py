from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InspectionConfig(AppConfig):
    name = "qipan.domains.inspection"
    label = "inspection"
    verbose_name = _("监督检查")

    def ready(self) -> None:
        """Declare the flow, listen to licensing, and give the case page its part."""
        from qipan.domains.inspection import flow, panel, reactions

        assert flow
        reactions.register()
        panel.register()

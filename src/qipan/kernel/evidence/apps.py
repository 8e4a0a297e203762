from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EvidenceConfig(AppConfig):
    name = "qipan.kernel.evidence"
    label = "evidence"
    verbose_name = _("证据")

    def ready(self) -> None:
        """Declare the events of custody, the jobs, and what the doctor looks at."""
        from qipan.kernel.evidence import events, examination, jobs

        assert events and examination and jobs

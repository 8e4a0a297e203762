from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DocumentsConfig(AppConfig):
    name = "qipan.kernel.documents"
    label = "documents"
    verbose_name = _("文书")

    def ready(self) -> None:
        """Make the catalogue kind and the jobs of this room known."""
        from qipan.kernel.documents import events, examination, jobs, loading
        from qipan.kernel.documents.models import Template
        from qipan.kernel.law import citing

        assert events and examination and jobs
        loading.register()
        citing.provide(lambda: Template.objects.exclude(law="").values_list("code", "law"))

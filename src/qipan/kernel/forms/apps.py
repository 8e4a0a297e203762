from collections.abc import Iterator

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


def _citations() -> Iterator[tuple[str, str]]:
    from qipan.kernel.forms.models import ChecklistVersion

    for version in ChecklistVersion.objects.all():
        for area in version.body["areas"]:
            for item in area["items"]:
                if item["source"]:
                    yield f"{version.code} {item['code']}", item["source"]


class FormsConfig(AppConfig):
    name = "qipan.kernel.forms"
    label = "forms"
    verbose_name = _("表单")

    def ready(self) -> None:
        """Make the catalogue kinds known, and offer the citations of checklists for checking."""
        from qipan.kernel.forms import loading
        from qipan.kernel.law import citing

        loading.register()
        citing.provide(_citations)

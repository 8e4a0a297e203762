from collections.abc import Iterator

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


def _citations() -> Iterator[tuple[str, str]]:
    from qipan.kernel.publication.models import PublicationKind

    yield from PublicationKind.objects.exclude(law="").values_list("code", "law")


class PublicationConfig(AppConfig):
    name = "qipan.kernel.publication"
    label = "publication"
    verbose_name = _("公示")

    def ready(self) -> None:
        """Make the catalogue of this room known, and offer its citations for checking."""
        from qipan.kernel.law import citing
        from qipan.kernel.publication import loading

        loading.register()
        citing.provide(_citations)

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PublicationConfig(AppConfig):
    name = "qipan.kernel.publication"
    label = "publication"
    verbose_name = _("公示")

    def ready(self) -> None:
        """Make the catalogue of this room known."""
        from qipan.kernel.publication import loading

        loading.register()

from collections.abc import Iterator

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


def _citations() -> Iterator[tuple[str, str]]:
    from qipan.kernel.items.models import Item, LicenceKind

    for kind in LicenceKind.objects.exclude(source=""):
        yield kind.code, kind.source
    for item in Item.objects.all():
        for basis in item.bases:
            yield item.code, basis
        for condition in item.conditions:
            if condition.get("source"):
                yield item.code, condition["source"]


class ItemsConfig(AppConfig):
    name = "qipan.kernel.items"
    label = "items"
    verbose_name = _("事项")

    def ready(self) -> None:
        """Make the catalogue kinds known, and offer the citations of items for checking."""
        from qipan.kernel.items import drafted, loading
        from qipan.kernel.law import citing

        loading.register()
        drafted.register()
        citing.provide(_citations)

from collections.abc import Iterator

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


def _citations() -> Iterator[tuple[str, str]]:
    from qipan.kernel.decisions.models import TableVersion

    for version in TableVersion.objects.all():
        for number, rule in enumerate(version.body["rules"], start=1):
            if rule.get("source"):
                yield f"{version.code} 规则 {number}", rule["source"]


class DecisionsConfig(AppConfig):
    name = "qipan.kernel.decisions"
    label = "decisions"
    verbose_name = _("决策表")

    def ready(self) -> None:
        """Make the catalogue kind known, and offer the citations of tables for checking."""
        from qipan.kernel.decisions import events, loading
        from qipan.kernel.law import citing

        assert events
        loading.register()
        citing.provide(_citations)

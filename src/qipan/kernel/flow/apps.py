from collections.abc import Iterator

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


def _citations() -> Iterator[tuple[str, str]]:
    from qipan.kernel.flow import registry
    from qipan.kernel.flow.declaration import UNCONFIRMED

    for flow in registry.all_flows():
        for transition in flow.transitions:
            if transition.law and transition.law != UNCONFIRMED:
                yield f"{flow.code} v{flow.version} {transition.code}", transition.law


class FlowConfig(AppConfig):
    name = "qipan.kernel.flow"
    label = "flow"
    verbose_name = _("流程")

    def ready(self) -> None:
        """Offer the citations of the flows for checking, and say which flows an item can name."""
        from qipan.kernel.flow import registry
        from qipan.kernel.items import loading
        from qipan.kernel.law import citing

        loading.refer("flow", lambda codes: codes - {flow.code for flow in registry.all_flows()})

        citing.provide(_citations)

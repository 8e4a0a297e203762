from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LedgerConfig(AppConfig):
    name = "qipan.kernel.ledger"
    label = "ledger"
    verbose_name = _("总账")

    def ready(self) -> None:
        """Every worker also delivers events and seals the ledger."""
        from qipan.kernel.jobs import testing, worker
        from qipan.kernel.ledger import dispatch, sealing

        worker.rounds += [("dispatcher", dispatch.deliver_waiting, 0.1), ("sealer", sealing.seal, 3.0)]
        testing.also.append(lambda: dispatch.deliver_waiting(quiet=False))

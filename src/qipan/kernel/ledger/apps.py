from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class LedgerConfig(AppConfig):
    name = "qipan.kernel.ledger"
    label = "ledger"
    verbose_name = _("总账")

    def ready(self) -> None:
        """Every worker also delivers events and seals the ledger."""
        from qipan.kernel.jobs import testing, worker
        from qipan.kernel.ledger import dispatch, events, examination, sealing
        from qipan.kernel.ledger.history import lighten_triggers

        post_migrate.connect(lighten_triggers, sender=self)
        assert events and examination
        # Each in a thread of its own: a slow receiver or reaction does not hold up the screens.
        worker.rounds += [
            ("feed", dispatch.tell_feed, 0.2),
            ("dispatcher", dispatch.react_waiting, 0.1),
            ("sender", dispatch.send_waiting, 0.5),
            ("sealer", sealing.seal, 3.0),
        ]
        testing.also.append(lambda: dispatch.deliver_waiting(quiet=False))

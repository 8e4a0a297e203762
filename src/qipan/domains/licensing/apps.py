from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LicensingConfig(AppConfig):
    name = "qipan.domains.licensing"
    label = "licensing"
    verbose_name = _("行政许可")

    def ready(self) -> None:
        """Declare the flow, its jobs and its part of the case page."""
        from qipan.domains.licensing import flow, jobs, naming, panel, reactions, trials
        from qipan.domains.licensing.elicences import jobs as licence_jobs
        from qipan.domains.licensing.evaluation import actions as evaluation
        from qipan.domains.licensing.evaluation import reactions as answers
        from qipan.domains.licensing.guarding import actions as guarding
        from qipan.domains.licensing.handover import agencies
        from qipan.domains.licensing.handover import flow as handover
        from qipan.domains.licensing.mandates import reach
        from qipan.domains.licensing.mandates import reactions as mandates
        from qipan.domains.licensing.rescission import flow as rescission
        from qipan.domains.licensing.rescission import panel as rescission_panel
        from qipan.domains.licensing.themes import flow as theme_flow
        from qipan.domains.licensing.themes import loading as themes
        from qipan.domains.licensing.themes import panel as theme_panel
        from qipan.domains.licensing.themes import reactions as theme_reactions
        from qipan.kernel.decisions import wording
        from qipan.kernel.items.loading import refer
        from qipan.ui import cases

        assert licence_jobs
        assert flow and jobs and reactions and rescission and handover
        assert reach and mandates and answers and theme_flow and theme_reactions
        cases.register_work({evaluation.FOLLOW_UP: "follow_up", evaluation.CONTACT: "follow_up"})
        cases.register_work({guarding.ORDER: "guard_difference"})
        refer("agency", lambda codes: codes - set(agencies.TITLES))
        wording.name_values(naming.VALUES)
        themes.register()
        theme_panel.register()
        panel.register()
        trials.register()
        rescission_panel.register()

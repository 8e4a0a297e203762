from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SubjectsConfig(AppConfig):
    name = "qipan.kernel.subjects"
    label = "subjects"
    verbose_name = _("主体")

    def ready(self) -> None:
        """Tell the rooms below for which subjects a user acts."""
        from qipan.kernel.orgs import queries as orgs
        from qipan.kernel.subjects import clients, events, mandates, queries, reactions

        assert events and reactions
        orgs.provide_subjects(queries.subjects_of_user)
        orgs.provide_subjects(clients.subjects_of_client)
        orgs.provide_mandates(mandates.held_by)

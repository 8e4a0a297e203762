"""The administration as a whole: the queue's page, and nothing that is not ours.

Loaded last (the portal is the last application): what libraries registered for themselves is taken out, since their
pages write past our actions and know nothing of our roles.
"""

from django.contrib import admin
from procrastinate.contrib.django.models import ProcrastinateJob

from qipan.kernel.ledger.admin import AUDITOR, SYSTEM_ADMIN, Kept

for _model, _page in list(admin.site._registry.items()):
    if not isinstance(_page, Kept):
        admin.site.unregister(_model)


@admin.register(ProcrastinateJob)
class JobAdmin(Kept):
    """Background jobs: what waits, runs, failed."""

    readers = (SYSTEM_ADMIN, AUDITOR)
    list_display = ("id", "queue_name", "task_name", "status", "attempts", "scheduled_at")
    list_filter = ("status", "queue_name")
    search_fields = ("task_name",)
    fields = ("queue_name", "task_name", "status", "attempts", "scheduled_at", "queueing_lock", "args")

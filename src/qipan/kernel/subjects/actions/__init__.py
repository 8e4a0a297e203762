"""Every write of subjects and of the register of grants."""

from qipan.kernel.subjects.actions.clients import (
    add_webhook,
    delivery_of,
    end_client,
    end_key,
    issue_key,
    register_client,
    webhook_of,
)
from qipan.kernel.subjects.actions.grants import (
    GRANT_STEPS,
    REMINDERS,
    attach_documents,
    attach_many,
    change_grant,
    expire_grants,
    register_grant,
    remind_of_expiry,
    set_grant_state,
    take_licence_number,
    take_sequence,
)
from qipan.kernel.subjects.actions.mandating import answer_mandate, authorise, end_mandate
from qipan.kernel.subjects.actions.marks import add_mark, end_mark, in_force_marks
from qipan.kernel.subjects.actions.registering import (
    CHECKS,
    add_premises,
    change_status,
    change_subject,
    identifiers_of,
    refresh_grams,
    register_subject,
)
from qipan.kernel.subjects.actions.representing import end_representation, represent

__all__ = [
    "CHECKS",
    "GRANT_STEPS",
    "REMINDERS",
    "add_mark",
    "add_premises",
    "add_webhook",
    "answer_mandate",
    "attach_documents",
    "attach_many",
    "authorise",
    "change_grant",
    "change_status",
    "change_subject",
    "delivery_of",
    "end_client",
    "end_key",
    "end_mandate",
    "end_mark",
    "end_representation",
    "expire_grants",
    "identifiers_of",
    "in_force_marks",
    "issue_key",
    "refresh_grams",
    "register_client",
    "register_grant",
    "register_subject",
    "remind_of_expiry",
    "represent",
    "set_grant_state",
    "take_licence_number",
    "take_sequence",
    "webhook_of",
]

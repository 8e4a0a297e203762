"""What a system of a business may be good for, and for whom it acts."""

from qipan.kernel.accounts.models import User
from qipan.kernel.subjects.models.clients import ApiClient

#: How the account of a system is called: nobody can register such a name.
SIGN = "client:"
CLIENT_SCOPES = (
    "account.read",
    "subjects.read",
    "applications.read",
    "applications.write",
    "files.read",
    "files.write",
    "cases.read",
    "cases.write",
    "documents.read",
)


def subjects_of_client(user: User) -> list[int]:
    """The business for which a system acts; nothing for people, without asking."""
    if not user.username.startswith(SIGN):
        return []
    rows = ApiClient.objects.filter(user=user, ended_at__isnull=True)
    return list(rows.values_list("subject_id", flat=True))

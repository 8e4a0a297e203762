"""Whether this session has shown a second factor, and who must."""

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest

from qipan.kernel.accounts.models import UserKind


def is_shown(request: HttpRequest) -> bool:
    """Whether the one signed in has shown a second factor in this session (costs no query)."""
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, request.user))


def is_owed(request: HttpRequest) -> bool:
    """Whether a member of staff is signed in by password alone: such a session may do nothing but set one up."""
    user = request.user
    return user.is_authenticated and user.kind == UserKind.STAFF and not is_shown(request)

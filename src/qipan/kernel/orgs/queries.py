"""Reads that other rooms need."""

from typing import Any

from django.db.models import Q

from qipan.kernel.accounts.models import UserKind
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.models import PostRole, Staff
from qipan.kernel.orgs.reader import Power, Reader
from qipan.kernel.orgs.roles import Role

_subject_sources: list[Any] = []


def provide_subjects(source: Any) -> None:
    """Register a function user → ids of the market subjects the user acts for (the subjects room does)."""
    _subject_sources.append(source)


def reader_of(user: Any) -> Reader:
    """The reader behind a Django user; anonymous and inactive users see only what is public."""
    if not user or not user.is_authenticated or not user.is_active:
        return Reader.anonymous()
    if user.kind != UserKind.STAFF:
        subjects = frozenset(number for source in _subject_sources for number in source(user))
        return Reader(kind=user.kind, user_id=user.pk, subject_ids=subjects)
    staff = Staff.objects.select_related("unit").filter(user=user).first()
    if staff is None:
        return Reader(kind="staff", user_id=user.pk)
    day = today()
    held = PostRole.objects.filter(
        Q(post__appointments__valid_to__isnull=True) | Q(post__appointments__valid_to__gte=day),
        post__appointments__staff=staff,
        post__appointments__valid_from__lte=day,
    ).values_list("role", "post__unit__path", "line", "post__code")
    powers = tuple(Power(Role(role), path, line, post) for role, path, line, post in held.distinct())
    return Reader(kind="staff", user_id=user.pk, powers=powers, org_path=staff.unit.path)

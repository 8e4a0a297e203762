"""What a theme is walked with: the answers to its questions, and a business in the situation that it is about."""

from typing import Any

from django.db import transaction

from qipan.domains.licensing.themes import asking, forming
from qipan.domains.licensing.themes.declaration import ThemeRow
from qipan.kernel.accounts.models import User
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.subjects import actions
from qipan.kernel.subjects.models import Subject, SubjectType
from walks.actors import holders

#: What a business must be beforehand: on a list, licensed.
LISTED = {"close-business": ["ABNORMAL_LIST"], "credit-repair": ["ABNORMAL_LIST", "SERIOUS_LIST"]}
LICENSED = {"change-business", "close-business", "pause-business"}


def answers(theme: ThemeRow) -> dict[str, Any]:
    """The answers that bring the theme's whole list."""
    return dict(theme.usual)


@transaction.atomic
def business(user: User, theme: ThemeRow) -> Subject | None:
    """The business that the theme is about; none where it is about to be founded."""
    if forming.founding(asking.chosen(theme, theme.usual)):
        return None
    subject, place = holders.business(user, f"主题{theme.number}", type=SubjectType.COMPANY)
    for mark in LISTED.get(theme.code, ()):
        actions.add_mark(subject, mark, Actor.system(), ground="未按规定公示")
    if theme.code in LICENSED:
        holders.grant("JY", "FB-NEW", subject, place)
    return subject

"""Who hears of a case: everybody who acts for its business, and the opener while there is no business yet."""

from collections.abc import Iterable

from qipan.kernel.accounts import letters
from qipan.kernel.accounts.models import User
from qipan.kernel.flow.models import Case
from qipan.kernel.subjects import mandates
from qipan.kernel.subjects import queries as subjects


def concerned(case: Case, *, agents: bool = True) -> list[User]:
    """The representatives of the case's business, its agents in this case, or who opened a case without a business."""
    if case.subject_id is None:
        return list(User.objects.select_related("person").filter(pk=case.opened_by or 0, is_active=True))
    found = [
        *subjects.representatives_of(case.subject_id),
        *(mandates.agents_in(case.pk, case.subject_id) if agents else ()),
    ]
    return list({user.pk: user for user in found}.values())


def tell(case: Case, kind: str, text: str, link: str = "", *, agents: bool = True) -> None:
    """One message to each of them; `link` is the case's own page unless another is named."""
    _write(concerned(case, agents=agents), case.subject_id, kind, text, link or f"/my/cases/{case.uuid}/")


def tell_business(subject_id: int, kind: str, text: str, link: str) -> None:
    """One message to each representative of a business, of what belongs to no case."""
    _write(subjects.representatives_of(subject_id), subject_id, kind, text, link)


def _write(users: Iterable[User], subject_id: int | None, kind: str, text: str, link: str) -> None:
    for user in users:
        if user.person is not None:
            letters.notify(user.person, kind, text, link, subject_id)

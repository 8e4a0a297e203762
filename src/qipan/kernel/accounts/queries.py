"""Reads that other rooms need: masked people, revealed fields, look-up by exact value, tokens."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from django.db import models, transaction
from django.db.models import CharField, DateTimeField
from django.utils.translation import gettext as _

from qipan.conf.composed import Composed
from qipan.kernel.accounts import events
from qipan.kernel.accounts.actions.tokens import token_digest
from qipan.kernel.accounts.models import ApiToken, Person, User
from qipan.kernel.accounts.vault import sealing
from qipan.kernel.accounts.vault.masking import MaskedPerson
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused


class VaultReader(Protocol):
    """What the vault asks of a reader (`orgs.reader.Reader` is one)."""

    @property
    def kind(self) -> Any: ...
    @property
    def user_id(self) -> int | None: ...
    def actor(self) -> Actor: ...


Reach = Callable[[Person, Any], bool]
_reaches: list[Reach] = []


def provide_reach(reach: Reach) -> None:
    """Register a function (person, reader) → whether the reader's own records lead to the person.

    A room that points at people from its rows registers one, built on its `visible_to`.
    """
    _reaches.append(reach)


def masked(person: Person | None) -> MaskedPerson:
    """The person as anyone may see one; all empty for nobody."""
    return person.masked() if person else MaskedPerson()


def may_reveal(person: Person, reader: VaultReader, record: models.Model | None = None) -> bool:
    """Whether a reader may read a person in clear.

    The person, the system, and staff who can see a record that points to the person (`record`, or one found by
    the registered reaches). Default deny.
    """
    if reader.kind == "system":
        return True
    if (
        reader.user_id is not None
        and User.objects.filter(pk=reader.user_id, person=person, is_active=True).exists()
    ):
        return True
    if reader.kind != "staff":
        return False
    if record is not None and _points_to(record, person):
        manager: Any = type(record)._default_manager
        return hasattr(manager, "visible_to") and manager.visible_to(reader).filter(pk=record.pk).exists()
    return any(reach(person, reader) for reach in _reaches)


def _points_to(record: models.Model, person: Person) -> bool:
    return any(
        getattr(record, field.attname) == person.pk
        for field in record._meta.concrete_fields
        if field.is_relation and field.related_model is Person
    )


def reveal(
    person: Person,
    fields: Iterable[str],
    reader: VaultReader,
    reason: str,
    *,
    record: models.Model | None = None,
) -> dict[str, str]:
    """The named fields in clear, for a stated reason; every call is an event on the person.

    `record` is the row on account of which the reader may know (it must point to the person and be visible to
    the reader). Refuses without a reason, without the right, and for a forgotten person.
    """
    wanted = list(dict.fromkeys(fields))
    unknown = set(wanted) - set(sealing.FIELDS)
    if unknown:
        raise ValueError(f"not fields of the vault: {', '.join(sorted(unknown))}")
    if not reason.strip():
        raise Refused(_("请说明查看理由。"), field="reason")
    if not may_reveal(person, reader, record):
        raise Refused(_("您无权查看该人员的个人信息。"), code="forbidden")
    if person.forgotten_at:
        raise Refused(_("该人员的个人信息已删除。"), code="state")
    with transaction.atomic():
        clear = person.clear(wanted)
        about = f"{record._meta.label_lower}:{record.pk}" if record is not None else ""
        append(
            events.PERSON_REVEALED,
            person,
            reader.actor(),
            data={"fields": wanted, "about": about},
            reason=reason.strip(),
            org_path=getattr(record, "org_path", None),
            subject_id=getattr(record, "subject_id", None),
        )
    return clear


def people_with(field: str, value: str) -> models.QuerySet[Person]:
    """The people whose id number, phone or e-mail is exactly this value; none for an empty one."""
    if field not in sealing.INDEXED:
        raise ValueError(f"{field} cannot be looked up")
    digest = sealing.blind_index(field, value)
    if not digest:
        return Person.objects.none()
    return Person.objects.filter(**{f"{field}_index": digest}, forgotten_at__isnull=True)


def user_by_login(login: str) -> User | None:
    """The active user who signs in with this name, phone or e-mail; None where nobody or several do."""
    text = login.strip()
    user = User.objects.filter(username=text).first()
    if user is None and "@" in text:
        user = _only_user("email", text)
    elif user is None and any(sign.isdigit() for sign in text):
        user = _only_user("phone", text)
    return user if user and user.is_active else None


def _only_user(field: str, value: str) -> User | None:
    found = list(User.objects.filter(person__in=people_with(field, value), is_active=True)[:2])
    return found[0] if len(found) == 1 else None


_BY_TOKEN = Composed(
    lambda hole: ApiToken.objects.select_related("user").filter(
        digest=hole("digest", CharField()),
        revoked_at__isnull=True,
        expires_at__gt=hole("now", DateTimeField()),
        user__is_active=True,
    )
)


def token_user(token: str) -> tuple[User, ApiToken] | None:
    """The user behind a valid interface token; None for an unknown, expired or revoked one. Marks the day of use."""
    row = _BY_TOKEN.first(digest=token_digest(token), now=now())
    if row is None:
        return None
    if row.last_used_on != today():
        ApiToken.objects.filter(pk=row.pk).update(last_used_on=today())
    return row.user, row

"""Every write of accounts: people in the vault, users, passwords, interface tokens."""

import datetime
import hashlib
import secrets
from collections.abc import Iterable
from typing import Any

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from qipan.kernel.accounts import events
from qipan.kernel.accounts.id_numbers import is_id_number
from qipan.kernel.accounts.models import ApiToken, Person, User, UserKind
from qipan.kernel.accounts.vault import sealing
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused

TOKEN_DAYS_MOST = 366


@transaction.atomic
def create_person(
    *,
    name: str,
    id_number: str = "",
    phone: str = "",
    email: str = "",
    address: str = "",
    actor: Actor,
    is_demo: bool = False,
    allow_other_document: bool = False,
) -> Person:
    """Put a person into the vault.

    Refuses an empty name and an id number that fails GB 11643 (`allow_other_document`: a passport or a permit
    of residence instead).
    """
    if not name.strip():
        raise Refused(_("请填写姓名。"), field="name")
    _check_id_number(id_number, allow_other_document)
    values = {"name": name, "id_number": id_number, "phone": phone, "email": email, "address": address}
    person = Person(is_demo=is_demo)
    for column, value in sealing.sealed_columns(person.uuid, values).items():
        setattr(person, column, value)
    person.save(force_insert=True)
    append(events.PERSON_CREATED, person, actor, data={"fields": [key for key, text in values.items() if text]})
    return person


def _check_id_number(id_number: str, allow_other_document: bool = False) -> None:
    number = sealing.normal("id_number", id_number)
    if number and not allow_other_document and not is_id_number(number, on=today()):
        raise Refused(_("身份证号码不正确：请核对 18 位号码和最后一位校验码。"), field="id_number")


@transaction.atomic
def change_person(
    person: Person, values: dict[str, str], *, actor: Actor, reason: str = "", allow_other_document: bool = False
) -> Person:
    """Correct fields of a person; refuses a forgotten person and what `create_person` refuses."""
    person = Person.objects.select_for_update().get(pk=person.pk)
    if person.forgotten_at:
        raise Refused(_("该人员的个人信息已删除，不能更正。"), code="state")
    if "name" in values and not values["name"].strip():
        raise Refused(_("请填写姓名。"), field="name")
    _check_id_number(values.get("id_number", ""), allow_other_document)
    key = sealing.data_key_of(person.uuid, person.key)
    columns = sealing.sealed_columns(person.uuid, values, key)
    for column, value in columns.items():
        setattr(person, column, value)
    person.save(update_fields=list(columns))
    append(events.PERSON_CHANGED, person, actor, data={"fields": sorted(values)}, reason=reason)
    return person


@transaction.atomic
def export(person: Person, *, actor: Actor, reason: str) -> dict[str, str]:
    """Everything the vault holds about a person, for that person (PIPL 45); logged."""
    if not reason.strip():
        raise Refused(_("请说明导出理由。"), field="reason")
    if person.forgotten_at:
        raise Refused(_("该人员的个人信息已删除。"), code="state")
    values = person.clear()
    append(events.PERSON_EXPORTED, person, actor, data={"fields": sorted(values)}, reason=reason)
    return values


@transaction.atomic
def forget(person: Person, *, actor: Actor, reason: str) -> Person:
    """Delete a person's data for good by destroying the key (PIPL 47); the person's accounts are closed.

    Refuses where no reason is given. A second call changes nothing.
    """
    if not reason.strip():
        raise Refused(_("请说明删除理由。"), field="reason")
    person = Person.objects.select_for_update().get(pk=person.pk)
    if person.forgotten_at:
        return person
    person.key = None
    for field in sealing.FIELDS:
        setattr(person, f"{field}_sealed", None)
    for field in sealing.INDEXED:
        setattr(person, f"{field}_index", "")
    person.forgotten_at = now()
    person.save()
    person.letters.all().delete()
    for user in User.objects.select_for_update().filter(person=person):
        user.label, user.email, user.is_active = "", "", False
        user.username = f"forgotten-{user.pk}"
        user.set_unusable_password()
        user.save()
        ApiToken.objects.filter(user=user).delete()
        append(events.USER_DEACTIVATED, user, actor, reason=reason)
    append(events.PERSON_FORGOTTEN, person, actor, reason=reason)
    return person


def check_password(password: str, user: User | None = None) -> None:
    """Refuse a password that the rules of the installation do not take; the message lists every reason."""
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise Refused(" ".join(error.messages), field="password") from None


@transaction.atomic
def create_user(
    username: str,
    password: str | None,
    kind: str,
    label: str,
    person: Person | None = None,
    *,
    actor: Actor,
    must_change_password: bool = False,
    is_demo: bool = False,
) -> User:
    """Open an account. `password` None makes one that cannot sign in by password until it is reset.

    Refuses a taken or empty name and a weak password (demo accounts excepted).
    """
    username = username.strip()
    if not username:
        raise Refused(_("请填写用户名。"), field="username")
    if kind not in UserKind.values:
        raise Refused(_("账户类型不正确。"), field="kind")
    user = User(
        username=username,
        kind=kind,
        label=label.strip(),
        person=person,
        must_change_password=must_change_password,
        is_demo=is_demo,
    )
    if password is not None and not is_demo:
        check_password(password, user)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        raise Refused(_("该用户名已被使用，请换一个。"), code="conflict", field="username") from None
    append(events.USER_CREATED, user, actor, data={"kind": kind})
    return user


@transaction.atomic
def deactivate(user: User, *, actor: Actor, reason: str) -> User:
    """Close an account: it cannot sign in, its sessions and tokens end at once."""
    if not reason.strip():
        raise Refused(_("请说明停用理由。"), field="reason")
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active:
        return user
    user.is_active = False
    user.save(update_fields=["is_active"])
    ApiToken.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=now())
    append(events.USER_DEACTIVATED, user, actor, reason=reason)
    return user


@transaction.atomic
def reactivate(user: User, *, actor: Actor, reason: str) -> User:
    """Open a closed account again; refuses one whose person was forgotten."""
    if not reason.strip():
        raise Refused(_("请说明恢复理由。"), field="reason")
    user = User.objects.select_for_update(of=("self",)).select_related("person").get(pk=user.pk)
    if user.person and user.person.forgotten_at:
        raise Refused(_("该账户的个人信息已删除，不能恢复。"), code="state")
    if not user.is_active:
        user.is_active = True
        user.save(update_fields=["is_active"])
        append(events.USER_REACTIVATED, user, actor, reason=reason)
    return user


@transaction.atomic
def set_password(user: User, password: str, *, actor: Actor, by: str = "self") -> None:
    """Give a user a new password of the user's own choice; every other session ends with the old one."""
    check_password(password, user)
    user.set_password(password)
    user.must_change_password = False
    user.save(update_fields=["password", "must_change_password"])
    event = events.PASSWORD_CHANGED if by == "self" else events.PASSWORD_RESET
    append(event, user, actor, data=None if by == "self" else {"by": by})


@transaction.atomic
def reset_password(user: User, *, actor: Actor, reason: str) -> str:
    """Give a user a passing password, shown once to the administrator; it must be changed at the next sign-in."""
    if not reason.strip():
        raise Refused(_("请说明重置理由。"), field="reason")
    password = secrets.token_urlsafe(12)
    user.set_password(password)
    user.must_change_password = True
    user.save(update_fields=["password", "must_change_password"])
    append(events.PASSWORD_RESET, user, actor, data={"by": "admin"}, reason=reason)
    return password


@transaction.atomic
def reset_second_factor(user: User, *, actor: Actor, reason: str) -> None:
    """Remove every second factor of a user who lost them; the next sign-in leads to setting one up."""
    from allauth.mfa.models import Authenticator

    if not reason.strip():
        raise Refused(_("请说明重置理由。"), field="reason")
    Authenticator.objects.filter(user=user).delete()
    append(events.SECOND_FACTOR_RESET, user, actor, reason=reason)


def token_digest(token: str) -> str:
    """What is stored of a token: it has 256 random bits, so a plain SHA-256 cannot be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def issue_token(
    user: User, name: str, scopes: Iterable[str], *, expires_at: datetime.datetime, actor: Actor
) -> tuple[ApiToken, str]:
    """Make a token for programs; returns the row and the token itself, which is not kept.

    Refuses no scope, no name, a past end or one more than a year away, and a closed account.
    """
    wanted = sorted(set(scopes))
    if not name.strip():
        raise Refused(_("请填写令牌的用途。"), field="name")
    if not wanted:
        raise Refused(_("请至少选择一个范围。"), field="scopes")
    if not now() < expires_at <= now() + datetime.timedelta(days=TOKEN_DAYS_MOST):
        raise Refused(_("到期时间须在今后一年之内。"), field="expires_at")
    if not user.is_active:
        raise Refused(_("账户已停用。"), code="state")
    token = "qp_" + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        user=user, name=name.strip(), digest=token_digest(token), scopes=wanted, expires_at=expires_at
    )
    append(events.TOKEN_ISSUED, row, actor, data={"scopes": wanted, "name": row.name})
    return row, token


@transaction.atomic
def revoke_token(token: ApiToken, *, actor: Actor) -> None:
    """End a token at once; a second call changes nothing."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now()):
        append(events.TOKEN_REVOKED, token, actor)


def note(event_type: Any, user: User, actor: Actor, **data: Any) -> None:
    """Write an event about a user's own account (sign-in, lock-out, second factor) in a transaction of its own."""
    with transaction.atomic():
        append(event_type, user, actor, data=data)

"""Registering oneself and finding back in: by a code sent to the phone or mailbox one names.

What these functions return never tells whether a phone or e-mail is known; who owns it is told by a letter there.
"""

import datetime
import secrets

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel.accounts import events, letters
from qipan.kernel.accounts.actions.people import create_person, forget
from qipan.kernel.accounts.actions.users import check_password, create_user, set_password
from qipan.kernel.accounts.models import Letter, OneTimeCode, Person, User, UserKind
from qipan.kernel.accounts.vault import masking, sealing
from qipan.kernel.accounts.vault.keys import master
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused

CODE_MINUTES = 10
CODE_ATTEMPTS = 5
PENDING_DAYS = 1


def contact_field(contact: str) -> str:
    """`email` or `phone`; refuses what is neither an e-mail address nor a mainland mobile number."""
    if "@" in contact:
        try:
            validate_email(sealing.normal("email", contact))
        except ValidationError:
            raise Refused(_("电子邮箱地址不正确，请核对后重新填写。"), field="contact") from None
        return "email"
    digits = sealing.normal("phone", contact)
    if len(digits) == 11 and digits.startswith("1") and digits.isascii() and digits.isdigit():
        return "phone"
    raise Refused(_("请填写 11 位手机号码或电子邮箱地址。"), field="contact")


def _owner(field: str, contact: str) -> User | None:
    digest = sealing.blind_index(field, contact)
    return (
        User.objects.filter(**{f"person__{field}_index": digest}, is_active=True)
        .select_related("person")
        .first()
    )


def _channel(field: str) -> str:
    return Letter.Channel.EMAIL if field == "email" else Letter.Channel.SMS


def _digest(user: User, purpose: str, code: str) -> str:
    return master().blind(f"code:{purpose}", f"{user.pk}:{code}")


def _send_code(user: User, person: Person, purpose: OneTimeCode.Purpose, field: str) -> Letter:
    code = f"{secrets.randbelow(100_000_000):08d}"
    OneTimeCode.objects.update_or_create(
        user=user,
        purpose=purpose,
        defaults={
            "digest": _digest(user, purpose, code),
            "expires_at": now() + datetime.timedelta(minutes=CODE_MINUTES),
            "attempts": 0,
        },
    )
    text = _("您正在%(purpose)s，验证码为 %(code)s，%(minutes)d 分钟内有效。如非本人操作，请忽略。") % {
        "purpose": purpose.label,
        "code": code,
        "minutes": CODE_MINUTES,
    }
    return letters.write(person, _channel(field), f"code.{purpose.value}", text)


def send_code(user: User, purpose: OneTimeCode.Purpose) -> Letter:
    """Send somebody who is signed in a code to the phone (else the mailbox) of their account, for one act of theirs."""
    person = user.person
    if person is None or person.forgotten_at or not (person.phone_index or person.email_index):
        raise Refused(_("您的账户没有手机号码和电子邮箱，收不到验证码。请先在账户中补充。"), code="state")
    return _send_code(user, person, purpose, "phone" if person.phone_index else "email")


def use_code(user: User, purpose: OneTimeCode.Purpose, code: str) -> None:
    """Use up a code that was sent; refuses a wrong one, whose try counts. Stands outside the act's transaction."""
    _use_code(user, purpose, code)


def _use_code(user: User, purpose: OneTimeCode.Purpose, code: str) -> None:
    """Count a try and refuse a wrong one; the count stays even though the try is refused."""
    with transaction.atomic():
        row = OneTimeCode.objects.select_for_update().filter(user=user, purpose=purpose).first()
        right = False
        if row is not None and row.attempts < CODE_ATTEMPTS and row.expires_at > now():
            typed = "".join(sign for sign in code if sign.isdigit())
            right = secrets.compare_digest(row.digest, _digest(user, purpose, typed))
            row.attempts += 1
            row.save(update_fields=["attempts"])
        if right and row is not None:
            row.delete()
    if not right:
        raise wrong_code()


def wrong_code() -> Refused:
    """What is said of every code that does not fit, for whatever reason."""
    return Refused(_("验证码不正确或已失效。请核对；多次不正确时请重新获取。"), field="code")


@transaction.atomic
def register(*, kind: str, name: str, contact: str, password: str) -> tuple[User | None, Letter]:
    """Begin a registration: an account that sleeps until the code is typed, and the letter with the code.

    Where the phone or e-mail has an account already, its owner gets a letter that says so and no account is made
    (None). Refuses staff accounts, an empty name, a malformed contact and a weak password.
    """
    if kind not in {UserKind.BUSINESS, UserKind.PUBLIC}:
        raise Refused(_("请选择个人或经营者。"), field="kind")
    if not name.strip():
        raise Refused(_("请填写姓名。"), field="name")
    field = contact_field(contact)
    check_password(password)
    owner = _owner(field, contact)
    if owner is not None and owner.person is not None:
        text = _("有人用您的联系方式注册账户，但您已有账户，可直接登录；忘记密码时可在登录页找回。")
        return None, letters.write(owner.person, _channel(field), "registered", text)
    actor = Actor("public" if kind == UserKind.PUBLIC else "business")
    reached = contact if field == "email" else ""
    person = create_person(name=name, email=reached, phone="" if reached else contact, actor=actor)
    username = f"u{secrets.randbelow(10**12):012d}"
    user = create_user(username, password, kind, masking.name(name.strip()), person, actor=actor)
    user.is_active = False
    user.save(update_fields=["is_active"])
    return user, _send_code(user, person, OneTimeCode.Purpose.REGISTER, field)


def confirm_registration(user: User, code: str) -> User:
    """Wake a registered account by its code; refuses a wrong one and a contact that got an account meanwhile."""
    _use_code(user, OneTimeCode.Purpose.REGISTER, code)
    with transaction.atomic():
        user = User.objects.select_for_update(of=("self",)).select_related("person").get(pk=user.pk)
        person = user.person
        if person is None:
            raise wrong_code()
        for field in ("phone", "email"):
            digest = getattr(person, f"{field}_index")
            taken = User.objects.filter(**{f"person__{field}_index": digest}, is_active=True).exclude(
                pk=user.pk
            )
            if digest and taken.exists():
                raise Refused(_("该联系方式已有账户，请直接登录。"), code="conflict", field="contact")
        user.is_active = True
        user.save(update_fields=["is_active"])
        append(events.USER_REGISTERED, user, _self(user), data={"kind": user.kind})
    return user


def _self(user: User) -> Actor:
    """One who registered: the account itself acts."""
    return Actor("public" if user.kind == UserKind.PUBLIC else "business", user.pk)


@transaction.atomic
def request_reset(contact: str) -> tuple[User | None, Letter | None]:
    """Send a code to somebody who forgot the password; nothing for an unknown contact or a member of staff.

    Staff passwords are reset by the system administrator. Refuses a malformed contact.
    """
    field = contact_field(contact)
    user = _owner(field, contact)
    if user is None or user.person is None or user.kind == UserKind.STAFF:
        return None, None
    return user, _send_code(user, user.person, OneTimeCode.Purpose.RESET, field)


def confirm_reset(user: User, code: str, password: str) -> User:
    """Give a new password by the code that was sent; refuses a weak password before the code is used up."""
    check_password(password, user)
    _use_code(user, OneTimeCode.Purpose.RESET, code)
    set_password(user, password, actor=_self(user), by="code")
    return user


def sweep_unconfirmed() -> int:
    """Forget those who registered and never typed the code, after a day; the number removed."""
    limit = now() - datetime.timedelta(days=PENDING_DAYS)
    stale = User.objects.filter(
        is_active=False, codes__purpose=OneTimeCode.Purpose.REGISTER, date_joined__lt=limit
    )
    removed = 0
    for user in stale.select_related("person"):
        if user.person is not None:
            forget(user.person, actor=Actor.system(), reason=_("注册后未确认"))
            removed += 1
    return removed

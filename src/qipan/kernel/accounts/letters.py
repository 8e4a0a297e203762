"""Messages to people: written in the transaction of their cause, sealed, handed to a gateway afterwards."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import models, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from qipan.conf.composed import Composed
from qipan.kernel.accounts.models import Letter, Person, User
from qipan.kernel.accounts.vault import sealing
from qipan.kernel.ledger import feed
from qipan.kernel.ledger.clock import now

Gateway = Callable[[str, str], None]


def _by_mail(address: str, text: str) -> None:
    send_mail(_("棋盘市场监管一体化平台"), text, settings.DEFAULT_FROM_EMAIL, [address])


_gateways: dict[str, Gateway] = {}
if settings.EMAIL_HOST:
    _gateways[Letter.Channel.EMAIL.value] = _by_mail


def provide_gateway(channel: str, gateway: Gateway) -> None:
    """Register the function (address, text) that sends messages of a channel; adapters for SMS do."""
    _gateways[channel] = gateway


def write(
    person: Person, channel: str, kind: str, text: str, link: str = "", subject_id: int | None = None
) -> Letter:
    """Write a message to a person, sealed under the person's key; it waits until a gateway takes it."""
    key = sealing.data_key_of(person.uuid, person.key)
    return Letter.objects.create(
        person=person,
        channel=channel,
        kind=kind,
        link=link,
        subject_id=subject_id,
        text_sealed=sealing.seal_text(person.uuid, key, kind, text),
    )


NOTICE = "notice."
"""What a person may read again on the page of messages; codes for signing in are not among it."""


_USERS = Composed(
    lambda hole: User.objects.filter(person_id=hole("person", models.BigIntegerField())).values_list(
        "pk", flat=True
    )
)


def notify(
    person: Person, kind: str, text: str, link: str = "", subject_id: int | None = None
) -> Letter | None:
    """Tell a person something about their own affairs, by phone where there is one, else by mail; None once forgotten.

    `kind` is noted as "notice.<kind>"; `link` is the address within the product where it is read on; `subject_id` the
    business that it is about. Open pages of that person are told.
    """
    if person.forgotten_at:
        return None
    channel = Letter.Channel.SMS if person.phone_index else Letter.Channel.EMAIL
    made = write(person, channel, f"{NOTICE}{kind}", text, link, subject_id)
    feed.touch(*(f"notices:{user}" for user in _USERS.all(person=person.pk)))
    return made


MOST_COUNTED = 1000


def _own(user_id: int | None) -> QuerySet[Letter]:
    return _of(user_id or 0)


def _of(user: Any) -> QuerySet[Letter]:
    mine = Letter.objects.filter(person__users__pk=user, person__forgotten_at__isnull=True)
    return mine.filter(kind__startswith=NOTICE)


def notices_of(
    user_id: int,
    limit: int = 50,
    *,
    subject_id: int | None = None,
    unread: bool = False,
    before: int | None = None,
) -> list[Letter]:
    """The newest messages about a user's own affairs (of a business), newest first, each with its `text` in clear.

    `before` is the id of the last one of the page before.
    """
    rows = _own(user_id).filter(subject_id=subject_id) if subject_id else _own(user_id)
    rows = rows.filter(read_at__isnull=True) if unread else rows
    rows = rows.filter(pk__lt=before) if before else rows
    found = list(rows.select_related("person")[:limit])
    for letter in found:
        letter.text = text_of(letter)  # type: ignore[attr-defined]
    return found


def unread_notices(user_id: int | None, subject_id: int | None = None) -> int:
    """How many messages (of a business) a user has not looked at yet, never counting beyond 1000."""
    if subject_id:
        return _own(user_id).filter(read_at__isnull=True, subject_id=subject_id)[:MOST_COUNTED].count()
    return len(_UNREAD.all(user=user_id or 0))


_UNREAD = Composed(
    lambda hole: (
        _of(hole("user", models.BigIntegerField()))
        .filter(read_at__isnull=True)
        .values_list("pk", flat=True)[:MOST_COUNTED]
    )
)


@transaction.atomic
def mark_read(user_id: int, *, last: int | None = None, subject_id: int | None = None) -> int:
    """The user has seen the messages up to the one with the id `last`; the number that were new.

    What came after the page was drawn, or on another device's page, stays unread. A reader's own bookmark: no event.
    """
    rows = _own(user_id).filter(read_at__isnull=True)
    rows = rows.filter(pk__lte=last) if last is not None else rows
    rows = rows.filter(subject_id=subject_id) if subject_id else rows
    count = Letter.objects.filter(pk__in=rows).update(read_at=now())
    if count:
        feed.touch(f"notices:{user_id}")
    return count


@transaction.atomic
def open_notice(user_id: int, number: int) -> Letter | None:
    """One of a user's own messages, read from now on; None for what is not the user's."""
    letter = _own(user_id).filter(pk=number).first()
    if letter is not None and Letter.objects.filter(pk=number, read_at__isnull=True).update(read_at=now()):
        feed.touch(f"notices:{user_id}")
    return letter


def text_of(letter: Letter) -> str:
    """The text of a message in clear; raises sealing.Forgotten."""
    key = sealing.data_key_of(letter.person.uuid, letter.person.key)
    return sealing.open_text(letter.person.uuid, key, letter.kind, bytes(letter.text_sealed))


def deliver_waiting(most: int = 100) -> int:
    """Hand waiting messages of channels that have a gateway to it, each once; the number sent.

    A gateway that raises leaves its message waiting for the next call.
    """
    sent = 0
    waiting = Letter.objects.filter(
        sent_at__isnull=True, channel__in=list(_gateways), person__key__isnull=False
    )
    for number in waiting.order_by("id").values_list("pk", flat=True)[:most]:
        with transaction.atomic():
            letter = (
                Letter.objects.select_for_update(skip_locked=True, of=("self",))
                .select_related("person")
                .filter(pk=number, sent_at__isnull=True)
                .first()
            )
            if letter is None:
                continue
            field = "email" if letter.channel == Letter.Channel.EMAIL else "phone"
            address = letter.person.clear([field])[field]
            if address:
                _gateways[letter.channel](address, text_of(letter))
            letter.sent_at = now()
            letter.save(update_fields=["sent_at"])
            sent += 1
    return sent

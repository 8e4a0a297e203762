"""Writes of the vault: people, their correction, their copy for themselves, and forgetting."""

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel.accounts import events
from qipan.kernel.accounts.actions.users import drop_sessions
from qipan.kernel.accounts.id_numbers import is_id_number
from qipan.kernel.accounts.models import ApiToken, Person, User
from qipan.kernel.accounts.vault import sealing
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused


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
    append(
        events.PERSON_CREATED, person, actor, data={"fields": [key for key, text in values.items() if text]}
    )
    return person


def _check_id_number(id_number: str, allow_other_document: bool = False) -> None:
    number = sealing.normal("id_number", id_number)
    if number and not allow_other_document and not is_id_number(number, on=today()):
        raise Refused(_("身份证号码不正确：请核对 18 位号码和最后一位校验码。"), field="id_number")


@transaction.atomic
def change_person(
    person: Person,
    values: dict[str, str],
    *,
    actor: Actor,
    reason: str = "",
    allow_other_document: bool = False,
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
        drop_sessions(user)
        append(events.USER_DEACTIVATED, user, actor, reason=reason)
    append(events.PERSON_FORGOTTEN, person, actor, reason=reason)
    return person

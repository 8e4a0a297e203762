"""The vault: sealed, found by exact value only, masked, read for a reason, forgotten for good."""

import uuid

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from qipan.kernel.accounts import actions, queries
from qipan.kernel.accounts.id_numbers import check_sign, is_id_number
from qipan.kernel.accounts.models import Letter, Person, User
from qipan.kernel.accounts.vault import keys, masking, sealing
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.reader import Reader
from tests.orgs.factories import (
    SYSTEM,
    BusinessUserFactory,
    PublicUserFactory,
    StaffFactory,
    actor_for,
    reader_for,
)

pytestmark = pytest.mark.django_db
ID = "11010519491231002X"
RARE = "𬱖𠀀䶮"


def person(**changes: str) -> Person:
    facts = {"name": "张三丰", "id_number": ID, "phone": "13800138000", "address": "深圳市福田区福田街道1号"}
    return actions.create_person(**(facts | changes), actor=SYSTEM)


def stored(row: Person) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("select p::text from accounts_person p where id = %s", [row.pk])
        return cursor.fetchone()[0].encode()


def test_nothing_stands_in_clear() -> None:
    row = person()
    raw = stored(row)
    for text in ("张三丰", ID, "13800138000"):
        assert text.encode() not in raw and text.encode().hex().encode() not in raw
    assert row.clear() == {
        "name": "张三丰",
        "id_number": ID,
        "phone": "13800138000",
        "email": "",
        "address": "深圳市福田区福田街道1号",
    }


def test_rare_characters_come_back_whole() -> None:
    row = Person.objects.get(pk=person(name=RARE).pk)
    assert row.clear(["name"])["name"] == RARE
    assert row.masked().name == f"{RARE[0]}**"


@given(text=st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_any_text_comes_back(text: str) -> None:
    number = uuid.uuid4()
    columns = sealing.sealed_columns(number, {"address": text})
    expected = sealing.normal("address", text)
    assert sealing.opened(number, columns["key"], {"address": columns["address_sealed"]}, ["address"]) == {
        "address": expected
    }


def test_a_field_cannot_be_moved_to_another_person() -> None:
    one, other = person(), person(name="李四", id_number="", phone="13900139000")
    Person.objects.filter(pk=other.pk).update(name_sealed=one.name_sealed)
    with pytest.raises(keys.VaultLocked):
        Person.objects.get(pk=other.pk).clear(["name"])
    Person.objects.filter(pk=other.pk).update(key=one.key)
    with pytest.raises(keys.VaultLocked):
        Person.objects.get(pk=other.pk).clear(["name"])


def test_equal_numbers_are_found_however_they_are_typed() -> None:
    row = person()
    assert list(queries.people_with("id_number", "１１０１０５１９４９１２３１００２ｘ")) == [row]
    assert list(queries.people_with("phone", "+86 138-0013-8000")) == [row]
    assert not queries.people_with("phone", "13800138001").exists()
    assert not queries.people_with("phone", "").exists()
    with pytest.raises(ValueError):
        queries.people_with("name", "张三丰")


def test_masks() -> None:
    assert masking.name("张三") == "张*"
    assert masking.name("李明明") == "李**"
    assert masking.name("欧阳修") == "欧阳*"
    assert masking.name("张") == "张*"
    assert masking.id_number(ID) == "1101051949****002X"
    assert masking.phone("13800138000") == "138****8000"
    assert masking.phone("88888888") == "******88"
    assert masking.email("zhang@example.cn") == "z***@example.cn"
    assert masking.address("深圳市福田区福田街道1号") == "深圳市福田区福田街道***"
    assert masking.id_number("") == masking.name("") == ""


@given(st.from_regex(r"[1-9][0-9]{16}", fullmatch=True))
def test_the_mask_hides_digits_11_to_14_and_the_check_finds_one_wrong_digit(first: str) -> None:
    number = first + check_sign(first)
    assert masking.id_number(number)[10:14] == "****" and len(masking.id_number(number)) == 18
    if is_id_number(number):
        for place in range(17):
            wrong = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
            assert not is_id_number(wrong)


@pytest.mark.parametrize("wrong", ["110105194912310021", "11010519491331002X", "1101051949123100", "", "abc"])
def test_wrong_id_numbers(wrong: str) -> None:
    assert not is_id_number(wrong)


def test_a_wrong_number_is_refused_at_its_field() -> None:
    with pytest.raises(Refused) as refused:
        person(id_number="110105194912310021")
    assert refused.value.field == "id_number"
    assert actions.create_person(
        name="John", id_number="E12345678", allow_other_document=True, actor=SYSTEM
    ).pk
    with pytest.raises(Refused):
        person(name="  ")


def test_reading_needs_a_right_and_a_reason_and_leaves_a_trace() -> None:
    row = person()
    owner = PublicUserFactory(person=row)
    with pytest.raises(Refused, match="理由"):
        queries.reveal(row, ["name"], reader_for(owner), " ")
    assert queries.reveal(row, ["name", "phone"], reader_for(owner), "核对本人信息")["name"] == "张三丰"
    event = Event.objects.get(name="accounts.person.revealed")
    assert event.actor_id == owner.pk and event.reason == "核对本人信息"
    assert event.data == {"fields": ["name", "phone"], "about": ""}
    for reader in (Reader.anonymous(), reader_for(BusinessUserFactory()), reader_for(StaffFactory())):
        with pytest.raises(Refused, match="无权"):
            queries.reveal(row, ["name"], reader, "好奇")


def test_staff_read_on_account_of_a_record_that_they_can_see(monkeypatch: pytest.MonkeyPatch) -> None:
    row, staff = person(), StaffFactory()
    monkeypatch.setattr(
        queries, "_reaches", [lambda who, reader: reader.user_id == staff.user_id and who == row]
    )
    assert queries.reveal(row, ["phone"], reader_for(staff), "现场核查联系")["phone"] == "13800138000"
    with pytest.raises(Refused):
        queries.reveal(person(), ["phone"], reader_for(staff), "现场核查联系")


def test_no_event_carries_personal_data() -> None:
    row = person()
    actions.change_person(row, {"phone": "13900139000"}, actor=SYSTEM, reason="本人更正")
    actions.export(row, actor=SYSTEM, reason="本人要求")
    text = " ".join(str(event.data) + event.reason for event in Event.objects.all())
    for secret in ("张三丰", ID, "13800138000", "13900139000"):
        assert secret not in text


def test_forgetting_destroys_the_key_and_closes_the_account() -> None:
    row = person()
    user = PublicUserFactory(person=row, label="张**")
    actions.forget(row, actor=SYSTEM, reason="本人要求删除")
    actions.forget(row, actor=SYSTEM, reason="再次")
    row.refresh_from_db()
    user.refresh_from_db()
    with pytest.raises(sealing.Forgotten):
        row.clear(["name"])
    assert row.masked().name == "（已删除）"
    assert not queries.people_with("id_number", ID).exists()
    assert not user.is_active and user.label == "" and not user.has_usable_password()
    assert Event.objects.filter(name="accounts.person.forgotten").count() == 1
    with pytest.raises(Refused):
        actions.change_person(row, {"phone": "13900139000"}, actor=SYSTEM)
    with pytest.raises(Refused):
        actions.reactivate(user, actor=SYSTEM, reason="恢复")


def test_the_vault_has_no_row_history() -> None:
    names = connection.introspection.table_names()
    assert "accounts_personevent" not in names
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_trigger where tgrelid = 'accounts_person'::regclass and not tgisinternal"
        )
        assert cursor.fetchone()[0] == 0


def test_user_history_holds_no_password() -> None:
    user = PublicUserFactory()
    history = User.pgh_event_model.objects.filter(pgh_obj_id=user.pk)
    assert history.exists()
    assert not {"password", "label", "email", "last_login"} & {
        field.name for field in history.model._meta.fields
    }


def test_a_new_master_key_wraps_and_the_old_ones_still_open(settings, tmp_path) -> None:
    settings.HOME, settings.QIPAN_VAULT_KEY = tmp_path, ""
    keys.master.cache_clear()
    try:
        row = person()
        index = row.phone_index
        keys.add_key()
        assert (tmp_path / "keys" / "vault.keys").stat().st_mode & 0o777 == 0o600
        newer = person()
        assert bytes(newer.key)[:4] != bytes(row.key)[:4]
        assert row.clear(["name"]) == newer.clear(["name"])
        assert newer.phone_index == index
        (tmp_path / "keys" / "vault.keys").unlink()
        keys.master.cache_clear()
        with pytest.raises(keys.VaultLocked, match="missing"):
            keys.master()
    finally:
        keys.master.cache_clear()


def test_letters_are_sealed_and_go_to_the_gateway_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from qipan.kernel.accounts import letters

    sent: list[tuple[str, str]] = []
    monkeypatch.setattr(letters, "_gateways", {"sms": lambda address, text: sent.append((address, text))})
    row = person()
    letter = letters.write(row, Letter.Channel.SMS, "test", "您的申请已受理")
    assert "受理".encode() not in bytes(letter.text_sealed)
    assert letters.deliver_waiting() == 1 and letters.deliver_waiting() == 0
    assert sent == [("13800138000", "您的申请已受理")]


def test_an_actor_of_staff_has_a_post() -> None:
    assert actor_for(StaffFactory()).post

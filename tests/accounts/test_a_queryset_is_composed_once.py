"""What is composed once answers as the queryset answers that is composed each time."""

import threading

import pytest
from django.contrib.postgres.fields import ArrayField
from django.db import connection, connections
from django.db.models import BigIntegerField, CharField, F
from django.test.utils import CaptureQueriesContext

from qipan.conf.composed import Composed
from qipan.kernel.accounts.models import ApiToken, User

pytestmark = pytest.mark.django_db


def composed() -> Composed:
    return Composed(
        lambda hole: ApiToken.objects.select_related("user").filter(
            user_id=hole("user", BigIntegerField()),
            name__startswith="t",
            scopes__len=hole("many", CharField()),
        )
    )


@pytest.fixture
def tokens(django_user_model: type[User]) -> list[ApiToken]:
    people = [django_user_model.objects.create(username=f"composed-{number}") for number in range(2)]
    return [
        ApiToken.objects.create(
            user=people[number % 2],
            name=f"t{number}",
            digest=f"{number:064}",
            scopes=["a"] * (number // 2),
            expires_at="2099-01-01T00:00:00Z",
        )
        for number in range(6)
    ]


def test_every_run_has_its_own_values(tokens: list[ApiToken]) -> None:
    asked = composed()
    for token in tokens:
        with CaptureQueriesContext(connection) as queries:
            found = asked.all(user=token.user_id, many=len(token.scopes))
            assert [row.user.username for row in found] == [token.user.username]
        assert found == [token] and len(queries) == 1
    assert asked.first(user=0, many=1) is None


def test_two_runs_do_not_disturb_each_other(tokens: list[ApiToken]) -> None:
    asked = composed()
    first = asked.rows(user=tokens[0].user_id, many=0)
    second = asked.rows(user=tokens[1].user_id, many=0)
    assert (list(second), list(first)) == ([tokens[1]], [tokens[0]])


def test_a_value_that_is_not_given_is_told(tokens: list[ApiToken]) -> None:
    with pytest.raises(KeyError, match="many"):
        composed().all(user=1)


def test_what_can_have_no_rows_has_none() -> None:
    asked = Composed(lambda hole: User.objects.filter(pk__in=(), username=hole("name", CharField())))
    with CaptureQueriesContext(connection) as queries:
        assert asked.all(name="a") == [] and asked.first(name="b") is None
    assert len(queries) == 0


def test_a_list_of_any_length_is_one_statement(tokens: list[ApiToken]) -> None:
    asked = Composed(
        lambda hole: ApiToken.objects.filter(
            user_id__among=hole("users", ArrayField(BigIntegerField())),
            pk__among=hole("keys", ArrayField(BigIntegerField())),
        ).order_by("pk")
    )
    everybody = sorted({token.user_id for token in tokens})
    for several in ([], tokens[:1], tokens[1:4], tokens):
        assert asked.all(users=everybody, keys=[token.pk for token in several]) == several


def test_another_thread_asks_over_its_own_connection() -> None:
    asked = Composed(lambda hole: User.objects.filter(pk=hole("user", BigIntegerField())))
    asked.all(user=0)
    used: list[object] = []

    def ask() -> None:
        try:
            rows = asked.rows(user=0)
            used.append(rows.query.get_compiler().connection is connections["default"])
            list(rows)
        finally:
            connections.close_all()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert used == [True]


def test_what_is_read_directly_is_what_the_queryset_gives(tokens: list[ApiToken]) -> None:
    rows = ApiToken.objects.select_related("user__person").defer("user__password").order_by("pk")
    noted = rows.annotate(doubled=F("pk") * 2).prefetch_related("user__api_tokens")
    several = {
        "objects": lambda asked: asked,
        "flat": lambda asked: asked.values_list("user__username", flat=True),
        "tuples": lambda asked: asked.values_list("pk", "scopes", "expires_at"),
        "named": lambda asked: asked.values_list("pk", named=True),
        "dicts": lambda asked: asked.values("pk", "name"),
    }
    for shape in several.values():
        asked = Composed(
            lambda hole, shape=shape: shape(noted.filter(pk__gte=hole("least", BigIntegerField())))
        )
        least = tokens[2].pk
        with CaptureQueriesContext(connection) as ours:
            found = asked.all(least=least)
        with CaptureQueriesContext(connection) as theirs:
            wanted = list(shape(noted.filter(pk__gte=least)))
        assert found == wanted and len(ours) == len(theirs)
        assert asked.first(least=least) == wanted[0]
    for one, other in zip(Composed(lambda _hole: noted).all(), noted, strict=True):
        assert one.__dict__.keys() == other.__dict__.keys()
        assert one.doubled == other.doubled and one.expires_at == other.expires_at
        assert one.user.get_deferred_fields() == other.user.get_deferred_fields() == {"password"}
        assert (one._state.db, one._state.adding) == (other._state.db, other._state.adding)
        assert one.user.person is None and list(one.user.api_tokens.all())

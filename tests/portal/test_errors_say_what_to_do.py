"""What goes wrong has a page in the house style: what happened and what to do; nothing typed is lost by it."""

import pytest
from django.core.exceptions import RequestDataTooBig
from django.test import Client, RequestFactory

from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.portal import errors
from tests.orgs.factories import StaffFactory, UnitTree, signed_in

pytestmark = pytest.mark.django_db


def test_an_address_that_is_not_there_leads_on() -> None:
    answer = Client().get("/nothing/here/")
    text = answer.content.decode()
    assert answer.status_code == 404 and "没有找到" in text and 'href="/items/"' in text


def test_who_may_not_is_told_and_finds_the_way_back() -> None:
    client = signed_in(Client(), StaffFactory(role=Role.INSPECTOR, unit=UnitTree().offices[0]).user)
    answer = client.get("/my/")
    text = answer.content.decode()
    assert answer.status_code == 403 and "没有这项权限" in text and 'href="/desk/"' in text


def test_a_form_that_was_open_too_long_is_not_taken_and_says_so() -> None:
    answer = Client(enforce_csrf_checks=True).post("/verify/", {"code": "ABC"})
    text = answer.content.decode()
    assert answer.status_code == 403 and "页面已过期" in text and "data-back" in text


@pytest.mark.parametrize(
    ("status", "words"), [(400, "不能识别"), (409, "已经变化"), (413, "太大"), (429, "太频繁")]
)
def test_each_has_its_words(status: int, words: str) -> None:
    request = RequestFactory().get("/")
    request.reader = Reader.anonymous()
    answer = errors.page(request, status)
    assert answer.status_code == status and words in answer.content.decode()


def test_too_much_at_once_is_413_and_not_a_riddle() -> None:
    request = RequestFactory().get("/")
    request.reader = Reader.anonymous()
    assert errors.bad_request(request, RequestDataTooBig()).status_code == 413


def test_a_failure_of_ours_is_told_without_the_database(django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        answer = errors.server_error(RequestFactory().get("/"))
    assert answer.status_code == 500 and "问题已经记录" in answer.content.decode()

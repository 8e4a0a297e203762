"""One account, several businesses: a switcher narrows lists and gives no right; messages of each; a case told in words."""

import pytest
from django.test import Client

from qipan.domains.licensing import actions
from qipan.kernel.accounts import letters
from qipan.kernel.accounts.actions import create_person
from qipan.kernel.accounts.models import Letter, User
from qipan.kernel.flow.models import Case
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger import feed
from qipan.kernel.ledger.models import Touch
from qipan.kernel.subjects import actions as subjects
from tests.licensing.city import SYSTEM, City
from tests.licensing.test_an_agent_acts_within_the_mandate import mandate_for, renewal
from tests.orgs.factories import PublicUserFactory, reader_for, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def both(city: City):
    """(user, client, first business, second business): each with a draft for its licence that ends soon."""
    first, one, reader = city.restaurant()
    user = User.objects.get(pk=reader.user_id)
    User.objects.filter(pk=user.pk).update(
        person=create_person(name="陈店主", phone="13700137000", actor=SYSTEM)
    )
    second, two, _other = city.restaurant()
    subjects.represent(user, second, SYSTEM)
    reader = reader_for(user)
    for subject, grant in ((first, one), (second, two)):
        city.drafted("FB-RENEW", subject, grant, reader, unchanged=True)
    return user, signed_in(Client(), User.objects.get(pk=user.pk)), first, second


def test_the_switcher_narrows_lists_and_gives_no_right(city: City, both) -> None:
    _user, client, first, second = both
    page = client.get("/my/").content.decode()
    assert "正在代表：" in page and "要您做的" in page
    assert {row["case"].subject_id for row in client.get("/my/").context["cases"]} == {first.pk, second.pk}
    assert client.post("/my/acting/", {"subject": second.pk, "next": "/my/"}).headers["Location"] == "/my/"
    context = client.get("/my/").context
    assert [row["case"].subject_id for row in context["cases"]] == [second.pk]
    assert [row["case"].subject_id for row in context["mine"]["waiting"]] == [second.pk]
    assert {grant.subject_id for grant in context["grants"]} == {second.pk}
    hidden = Case.objects.get(subject=first)
    assert client.get(f"/my/cases/{hidden.uuid}/").status_code == 200, "it narrows lists, no more"
    stranger, _grant, _reader = city.restaurant()
    client.post("/my/acting/", {"subject": stranger.pk, "next": "https://elsewhere.example/"})
    assert len(client.get("/my/").context["cases"]) == 2, "a business that is not one's own means all"
    subjects.end_representation(second.representatives.get(user=_user), SYSTEM, "不再担任")
    assert "正在代表：" not in client.get("/my/").content.decode()


def test_what_came_after_the_page_was_drawn_stays_unread(both) -> None:
    user, client, first, second = both
    person = User.objects.get(pk=user.pk).person
    assert person is not None
    seen = letters.notify(person, "x", "第一条", "/my/", first.pk)
    last = client.get("/notices/").context["last"]
    letters.notify(person, "x", "第二条", "/my/", second.pk)
    assert seen is not None and last == seen.pk
    client.post("/notices/", {"last": last})
    assert letters.unread_notices(user.pk) == 1, "two devices lose nothing of one another"
    [new] = client.get("/notices/?new=1").context["notices"]
    assert new.text == "第二条" and new.business == second.name
    client.post("/my/acting/", {"subject": first.pk})
    assert [one.text for one in client.get("/notices/").context["notices"]] == ["第一条"]
    assert client.get(f"/notices/{new.pk}/").headers["Location"] == "/my/"
    assert letters.unread_notices(user.pk) == 0
    stranger = signed_in(Client(), PublicUserFactory())
    assert stranger.get(f"/notices/{new.pk}/").status_code == 404
    assert Letter.objects.get(pk=new.pk).read_at is not None


def test_the_count_in_the_menu_is_pushed(both) -> None:
    user, client, first, _second = both
    person = User.objects.get(pk=user.pk).person
    assert person is not None
    letters.notify(person, "x", "一条", "/my/", first.pk)
    assert Touch.objects.filter(channel=f"notices:{user.pk}").exists()
    page = client.get("/items/").content.decode()
    assert f'data-feed="notices:{user.pk}"' in page and 'name="feed-ticket"' in page
    assert feed.opened(feed.ticket([], reader_for(user)))[0] == {f"notices:{user.pk}"}
    assert feed.ticket([]) == ""
    assert "1 条未读" in client.get("/notices/unread/").content.decode()
    assert "feed-ticket" not in Client().get("/items/").content.decode()


def test_the_business_hears_of_its_agent_and_the_agent_of_the_case(city: City) -> None:
    subject, grant, owner = city.restaurant(risk_grade="D")
    boss = User.objects.get(pk=owner.user_id)
    User.objects.filter(pk=boss.pk).update(
        person=create_person(name="店主", phone="13700137001", actor=SYSTEM)
    )
    agent = PublicUserFactory(
        label="小周", person=create_person(name="周一", phone="13600136001", actor=SYSTEM)
    )
    mandate_for(agent, subject, owner, items=["FB-RENEW"])
    row = renewal(subject, grant, reader_for(agent))
    actions.submit(row, reader_for(agent))
    drain()
    assert any("代理人小周对" in one.text and "提交申请" in one.text for one in letters.notices_of(boss.pk))
    from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import step

    step(row.case, city.receiver, "accept")
    drain()
    assert any("已受理" in one.text for one in letters.notices_of(agent.pk, subject_id=subject.pk))
    page = signed_in(Client(), agent).get(f"/my/cases/{row.case.uuid}/").content.decode()
    assert 'role="status"' in page and "现在由" in page and "接下来可能是" in page and "最迟" in page

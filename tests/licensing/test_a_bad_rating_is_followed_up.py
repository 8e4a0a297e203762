"""好差评: once a case, free to give, unseen by who is rated; a bad one goes to the unit's head with a limit, and is answered."""

import pytest
from django.test import Client

from qipan.domains.licensing import actions
from qipan.domains.licensing.evaluation import actions as rating
from qipan.domains.licensing.evaluation import queries
from qipan.domains.licensing.evaluation.models import Evaluation, FollowUp
from qipan.domains.licensing.models import Application
from qipan.kernel.accounts import letters
from qipan.kernel.accounts.models import User
from qipan.kernel.documents.models import Document
from qipan.kernel.flow import actions as flow_actions
from qipan.kernel.flow import queries as flow
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.jobs.testing import drain
from qipan.kernel.law import terms
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from tests.api.programs import Program
from tests.licensing.city import City
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import step
from tests.orgs.factories import PublicUserFactory, StaffFactory, UnitTree, as_person, reader_for, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def leaders(city: City) -> dict[str, Reader]:
    tree = UnitTree()
    return {
        "district": reader_for(StaffFactory(role=Role.BUREAU_LEADER, unit=tree.districts[0])),
        "city": reader_for(StaffFactory(role=Role.BUREAU_LEADER, unit=tree.city)),
        "elsewhere": reader_for(StaffFactory(role=Role.BUREAU_LEADER, unit=tree.districts[1])),
        "office": reader_for(StaffFactory(role=Role.OFFICE_HEAD, unit=tree.offices[0])),
    }


def ended(city: City, *, by_people: bool = False) -> tuple[Application, Reader]:
    """An application that has ended, and its applicant."""
    subject, grant, owner = city.restaurant(risk_grade="D" if by_people else "B")
    row = city.drafted("FB-RENEW", subject, grant, owner, unchanged=True)
    case = actions.submit(row, owner)
    if by_people:
        step(case, city.receiver, "accept")
        step(case, city.reviewer, "review", data={"opinion": "符合条件"})
        step(case, city.decider, "grant")
    drain()
    row = Application.objects.select_related("case").get(pk=row.pk)
    assert row.case.state == "ISSUED", row.case.state
    return row, owner


def rate(row: Application, owner: Reader, level: int, **more: object) -> Evaluation:
    return rating.rate(row, owner.actor(subject_id=row.case.subject_id), level=level, **more)  # type: ignore[arg-type]


def test_a_bad_rating_opens_orders_for_the_head_with_limits(city: City, leaders: dict[str, Reader]) -> None:
    row, owner = ended(city, by_people=True)
    made = rate(row, owner, 2, tags=["SLOW"], words="等了很久")
    assert set(made.officers) >= {city.receiver.user_id, city.reviewer.user_id, city.decider.user_id}
    follow = FollowUp.objects.get(evaluation=made)
    assert follow.order.due_on == terms.due("Rating.handle", now()).due_on
    assert (
        follow.contact_order is not None
        and follow.contact_order.due_on == terms.due("Rating.contact", now()).due_on
    )
    assert (follow.order.role, follow.order.org_path) == ("bureau_leader", "SZ/FT/")
    assert follow.order.assignee_id == leaders["district"].user_id
    assert "等了很久" not in follow.order.title + follow.order.requirement
    assert not WorkOrder.objects.filter(case=row.case, kind__startswith="licensing.follow_up").exists()


def test_the_officers_never_see_it_and_a_head_who_decided_is_passed_over(
    city: City, leaders: dict[str, Reader]
) -> None:
    row, owner = ended(city, by_people=True)
    made = rate(row, owner, 1)
    follow = FollowUp.objects.get()
    for who in (city.receiver, city.reviewer, city.decider):
        reader = reader_for(who)
        assert not Evaluation.objects.visible_to(reader).exists()
        assert flow.order_for(reader, follow.order.uuid) is None
        with pytest.raises(Refused) as refused:
            rating.contact(follow, reader, "我自己处理")
        assert refused.value.code == "forbidden"
    assert not Evaluation.objects.visible_to(leaders["elsewhere"]).exists()
    assert Evaluation.objects.visible_to(leaders["district"]).get() == made
    Evaluation.objects.update(officers=[leaders["district"].user_id])
    assert not Evaluation.objects.visible_to(leaders["district"]).exists()
    from qipan.domains.licensing.evaluation.heads import head_for

    assert head_for("SZ/FT/", [leaders["district"].user_id or 0]) == (
        Role.BUREAU_LEADER,
        "SZ/",
        [leaders["city"].user_id],
    )


def test_contact_finding_reply_and_the_unit_above_when_it_is_not_resolved(
    city: City, leaders: dict[str, Reader]
) -> None:
    row, owner = ended(city, by_people=True)
    as_person(User.objects.get(pk=owner.user_id))
    made = rate(row, owner, 1, words="没人接电话")
    head, follow = leaders["district"], FollowUp.objects.get()
    with pytest.raises(Refused):
        rating.reply(follow, head, finding="FOUNDED", measures="增派人手", text="已整改")  # not contacted yet
    rating.contact(follow, head, "电话联系，属实")
    with pytest.raises(Refused) as refused:
        rating.reply(follow, head, finding="FOUNDED", measures="", text="已整改")
    assert refused.value.field == "measures"
    rating.reply(follow, head, finding="FOUNDED", measures="增派人手", text="已增派人手接听电话")
    follow.refresh_from_db()
    assert {follow.order.state, follow.contact_order.state} == {"DONE"}  # type: ignore[union-attr]
    drain()
    assert any("已有答复" in notice.text for notice in letters.notices_of(owner.user_id or 0))
    rating.answer(follow, owner.actor(), resolved=False, words="还是没人接")
    second = FollowUp.objects.get(round=2)
    assert (second.order.org_path, second.order.assignee_id) == ("SZ/", leaders["city"].user_id)
    rating.reply(second, leaders["city"], finding="FOUNDED", measures="市局督办", text="已督办")
    rating.answer(second, owner.actor(), resolved=False)
    assert made.follow_ups.count() == 2, "it does not go round for ever"


def test_once_a_case_with_one_addition(city: City) -> None:
    row, owner = ended(city)
    made = rate(row, owner, 5, tags=["FAST"])
    assert rate(row, owner, 5, tags=["FAST"]) == made, "the same again is the same"
    with pytest.raises(Refused) as refused:
        rate(row, owner, 1)
    assert refused.value.code == "conflict" and not FollowUp.objects.exists()
    rating.add(made, owner.actor(), "第二天就拿到了证")
    with pytest.raises(Refused):
        rating.add(made, owner.actor(), "再说一句")
    for level, tags, words in ((0, [], ""), (6, [], ""), (3, ["NICE"], ""), (3, [], "x" * 501)):
        with pytest.raises(Refused):
            rating.rate(row, owner.actor(), level=level, tags=tags, words=words)


def test_what_has_not_ended_is_not_rated(city: City) -> None:
    subject, grant, owner = city.restaurant()
    draft = city.drafted("FB-RENEW", subject, grant, owner, unchanged=True)
    with pytest.raises(Refused) as refused:
        rate(draft, owner, 5)
    assert refused.value.code == "state"
    page = signed_in(Client(), subject.representatives.get().user)
    assert page.get(f"/my/evaluations/{draft.case.uuid}/").status_code == 404
    actions.submit(draft, owner)
    drain()
    assert "评价完全自愿" in page.get(f"/my/cases/{draft.case.uuid}/").content.decode()
    stranger = signed_in(Client(), PublicUserFactory())
    assert stranger.get(f"/my/evaluations/{draft.case.uuid}/").status_code == 404


def test_pages_walk_from_the_rating_to_the_answer(city: City, leaders: dict[str, Reader]) -> None:
    row, owner = ended(city, by_people=True)
    page = signed_in(Client(), User.objects.get(pk=owner.user_id))
    address = f"/my/evaluations/{row.case.uuid}/"
    assert page.post(address, {"act": "rate", "level": "9"}).status_code == 422
    page.post(address, {"act": "rate", "level": "2", "tags": ["RUDE"], "words": "态度生硬"})
    assert "单位负责人会联系您" in page.get(address).content.decode()
    follow = FollowUp.objects.get()
    head = signed_in(Client(), User.objects.get(pk=leaders["district"].user_id))
    work = f"/desk/evaluations/orders/{follow.order.uuid}/"
    flow_actions.claim(follow.order, actor=leaders["district"].actor(Role.BUREAU_LEADER, "SZ/FT/"))
    assert work in head.get(f"/desk/orders/{follow.order.uuid}/").content.decode()
    assert "态度生硬" in head.get("/desk/evaluations/?bad=1").content.decode()
    officer = signed_in(Client(), city.decider.user)
    assert (
        officer.get(work).status_code in {403, 404} and officer.get("/desk/evaluations/").status_code == 403
    )
    assert "态度生硬" not in officer.get(f"/desk/cases/{row.case.uuid}/").content.decode()
    head.post(work, {"act": "contact", "note": "已电话致歉"})
    head.post(
        work, {"act": "reply", "finding": "PARTLY", "measures": "批评教育", "reply": "已致歉并批评教育"}
    )
    assert "已致歉并批评教育" in page.get(address).content.decode()
    page.post(address, {"act": "resolved"})
    assert "您确认已经解决" in page.get(address).content.decode()


def test_a_program_rates_what_is_its_owners(city: City) -> None:
    row, owner = ended(city)
    program, stranger = Program(User.objects.get(pk=owner.user_id)), Program(PublicUserFactory())
    address = f"/applications/{row.case.uuid}/evaluation"
    assert program.call("get", address).status_code == 404
    assert stranger.call("put", address, {"level": 5}).status_code == 404
    assert program.call("put", address, {"level": 7}).status_code == 422
    assert program.call("put", address, {"level": 2, "tags": ["SLOW"]}).json()["answers"][0]["round"] == 1
    assert program.call("put", address, {"level": 5}).status_code == 409
    assert (program.get(address)["level"], Evaluation.objects.get().channel) == (2, "api")
    assert stranger.call("get", address).status_code == 404


def test_a_visitor_rates_by_the_code_on_a_paper_and_not_by_that_on_the_wall(city: City) -> None:
    row, _owner = ended(city)
    papers = {
        one.template.code: one for one in Document.objects.filter(record_id=row.pk, record_kind="flow.case")
    }
    visitor = Client()
    assert visitor.get(f"/rate/{papers['licensing.certificate'].code}/").status_code == 404
    assert visitor.get("/rate/AAAAAAAAAAAAAAAAAAAA/").status_code == 404
    address = f"/rate/{papers['licensing.decision'].code}/"
    assert (
        visitor.get(f"/rate/?code={papers['licensing.decision'].code.lower()}").headers["Location"] == address
    )
    assert visitor.post(address, {"act": "rate", "level": "4"}).status_code == 302
    made = Evaluation.objects.get()
    assert (made.channel, made.rated_by, made.level) == ("code", None, 4)
    assert visitor.post(address, {"act": "rate", "level": "1"}).status_code == 422


def test_figures_are_scoped_and_published_where_nobody_can_be_told_apart(
    city: City, leaders: dict[str, Reader]
) -> None:
    for level in (5, 4, 2):
        assert not queries.public_figures()["units"], "fewer than three tell of one"
        row, owner = ended(city, by_people=True)
        rate(row, owner, level)
    [unit] = queries.figures(leaders["district"])["units"]
    assert (unit.title, unit.count, unit.levels, unit.bad) == ("福田局", 3, (1, 1, 0, 1, 0), 1)
    assert queries.figures(leaders["elsewhere"]) == {"units": [], "items": []}
    assert [one.title for one in queries.public_figures()["units"]] == ["市局", "福田局"]
    assert queries.public_figures()["items"][0].satisfied == 66.7
    page = Client().get("/satisfaction/").content.decode()
    assert "66.7%" in page and Case.objects.first().title not in page  # type: ignore[union-attr]

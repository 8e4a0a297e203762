"""Licence 29, LicProc 12: an agent begins, fills in and hands in a theme within the mandate, and sees what it lets be seen."""

import uuid
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from qipan.domains.licensing import actions
from qipan.domains.licensing.models import Application
from qipan.domains.licensing.themes import queries
from qipan.domains.licensing.themes.models import ThemeCase
from qipan.kernel.documents import queries as documents
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.models import Event
from qipan.kernel.subjects import actions as subjects
from tests.licensing.city import City
from tests.licensing.test_an_agent_acts_within_the_mandate import mandate_for
from tests.orgs.factories import PublicUserFactory, reader_for, signed_in
from tests.subjects.factories import SubjectFactory, owner_of
from tests.themes.walking import CANTEEN, Walk

pytestmark = pytest.mark.django_db
#: Of the two items of this situation.
FOOD, KITCHEN = "FS-CANTEEN-NEW", "FR-KITCHEN"


class Scene:
    """A business with its owner, and somebody whom the owner may authorise."""

    def __init__(self) -> None:
        self.city = City()
        self.subject = SubjectFactory("深圳市委托食堂单位")
        self.owner = reader_for(owner_of(self.subject))
        self.theme = queries.theme("canteen")
        self.agent = PublicUserFactory(label="代办员小周")
        self.client = signed_in(Client(), self.agent)

    def authorise(self, *acts: str, items: tuple[str, ...] = (FOOD, KITCHEN)) -> Any:
        return mandate_for(self.agent, self.subject, self.owner, acts, items=list(items))

    def walk(self, client: Client | None = None, user: Any = None) -> Walk:
        return Walk(client or self.client, self.city, self.theme, user or self.agent)

    def by_owner(self) -> Walk:
        user = self.subject.representatives.get().user
        return self.walk(signed_in(Client(), user), user)

    def start(self) -> str:
        usual = {**self.theme.usual, **CANTEEN}
        asked = {
            key: "true" if value is True else value for key, value in usual.items() if value is not False
        }
        return f"{reverse('theme_start', args=['canteen'])}?{urlencode({'asked': 1, **asked}, doseq=True)}"


@pytest.fixture
def scene(settings, tmp_path) -> Scene:
    settings.HOME = tmp_path
    queries.forget()
    return Scene()


def statuses(client: Client, row: ThemeCase) -> set[int]:
    """What the addresses of a theme's application answer."""
    form, page = reverse("theme_form", args=[row.case.uuid]), reverse("my_case", args=[row.case.uuid])
    draft = reverse("theme_draft", args=[row.case.uuid])
    posted = [client.post(one, {"act": "submit", "staff_count": "3"}) for one in (form, draft)]
    return {client.get(form).status_code, client.get(page).status_code, *(one.status_code for one in posted)}


def test_within_the_mandate_from_the_first_question_to_the_results(scene: Scene) -> None:
    mandate = scene.authorise("SUBMIT", "RECEIVE")
    walk = scene.walk()
    assert scene.subject.name in scene.client.get(scene.start()).content.decode()
    row = walk.begin(CANTEEN, scene.subject)
    assert row.case.opened_by == scene.owner.user_id, "what an agent does is the business's"
    draft = reverse("theme_draft", args=[row.case.uuid])
    assert scene.client.post(draft, {**walk.answers(row), "revision": row.revision}).status_code == 200
    row = walk.hand_in(row)
    assert walk.states(row) == {"food": "HANDED", "kitchen": "WAITING"}
    acts = Event.objects.filter(record_kind="flow.case", record_id=row.pk, actor_id=scene.agent.pk)
    assert acts.exists() and {event.post for event in acts} == {f"mandate:{mandate.pk}"}
    row = walk.officers(row)
    assert row.case.result == "DONE"
    page = scene.client.get(reverse("my_case", args=[row.case.uuid])).content.decode()
    papers = documents.of_record("flow.case", walk.part(row, "food").pk)
    assert papers and all(reverse("document_file", args=[paper.uuid]) in page for paper in papers)
    assert scene.client.get(reverse("document_file", args=[papers[0].uuid])).status_code == 200


def test_a_mandate_for_one_of_the_items_is_none_for_the_theme(scene: Scene) -> None:
    scene.authorise("SUBMIT", items=(FOOD,))
    page = scene.client.get(scene.start())
    assert scene.subject.name not in page.content.decode()
    posted = scene.client.post(scene.start(), {"uuid": str(uuid.uuid4()), "choice": scene.subject.pk})
    assert posted.status_code == 422 and not ThemeCase.objects.exists()
    row = scene.by_owner().begin(CANTEEN, scene.subject)
    assert statuses(scene.client, row) == {404}


def test_who_may_fill_in_hands_nothing_in_and_receives_nothing(scene: Scene) -> None:
    scene.authorise("FILL")
    walk = scene.walk()
    row = walk.begin(CANTEEN, scene.subject)
    address = reverse("theme_form", args=[row.case.uuid])
    refused = scene.client.post(address, {**walk.answers(row), "act": "submit"})
    assert refused.status_code == 422 and "一次提交" in refused.content.decode()
    row = walk.again(row)
    assert row.case.state == "DRAFT" and row.answers["staff_count"], "what was filled in is kept"
    row = scene.by_owner().hand_in(row)
    row = walk.officers(row)
    page = scene.client.get(reverse("my_case", args=[row.case.uuid]))
    papers = documents.of_record("flow.case", walk.part(row, "food").pk)
    address = reverse("document_file", args=[papers[0].uuid])
    assert page.status_code == 200 and "已办结" in page.content.decode(), "the progress may be seen"
    assert address not in page.content.decode()
    assert scene.client.get(address).status_code in {403, 404}


def test_without_a_mandate_and_after_its_end_there_is_nothing(scene: Scene) -> None:
    row = scene.by_owner().begin(CANTEEN, scene.subject)
    assert statuses(scene.client, row) == {404}
    mandate = scene.authorise("SUBMIT", "RECEIVE")
    assert scene.client.get(reverse("theme_form", args=[row.case.uuid])).status_code == 200
    row = scene.by_owner().hand_in(row)
    part = reverse("my_case", args=[scene.walk().part(row, "food").uuid])
    assert scene.client.get(part).status_code == 200
    subjects.end_mandate(mandate, scene.owner, reason="换人办理")
    assert statuses(scene.client, row) == {404} and scene.client.get(part).status_code == 404


def test_withdrawing_has_to_be_said(scene: Scene) -> None:
    scene.authorise("SUBMIT")
    walk = scene.walk()
    row = walk.hand_in(walk.begin(CANTEEN, scene.subject))
    step = reverse("my_step", args=[row.case.uuid, "withdraw"])
    scene.client.post(step, {"version": row.case.version, "reason": "不办了"})
    assert walk.again(row).case.state == "HANDLING"


def test_what_the_agent_can_no_longer_hand_in_the_business_hands_in_itself(scene: Scene) -> None:
    mandate = scene.authorise("SUBMIT")
    walk = scene.walk()
    row = walk.hand_in(walk.begin(CANTEEN, scene.subject))
    subjects.end_mandate(mandate, scene.owner, reason="换人办理")
    row = walk.officers(row)
    assert walk.states(row) == {"food": "DONE", "kitchen": "BLOCKED"}
    owner = scene.by_owner()
    page = owner.client.get(reverse("my_case", args=[row.case.uuid])).content.decode()
    assert "请处理：明厨亮灶视频接入服务。" in page and "修改后单独提交" in page
    application = Application.objects.get(pk=walk.part(row, "kitchen").pk)
    actions.submit(application, scene.owner)
    drain()
    row = walk.officers(row)
    assert walk.states(row)["kitchen"] == "DONE" and row.case.result == "DONE"

"""委托代办 on one's own pages: offered, confirmed by the agent, used, taken back; strangers find nothing."""

import datetime
import uuid

import pytest
from django.test import Client

from qipan.kernel.accounts import letters
from qipan.kernel.accounts.actions import create_person
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.clock import today
from qipan.kernel.subjects.models import Mandate
from tests.licensing.city import SYSTEM, City
from tests.orgs.factories import PublicUserFactory, signed_in

pytestmark = pytest.mark.django_db


def test_offered_confirmed_used_and_taken_back(city: City) -> None:
    subject, _grant, _reader = city.restaurant()
    agent = PublicUserFactory(
        label="代办员小周", person=create_person(name="周一", phone="13600136000", actor=SYSTEM)
    )
    owner, helper = signed_in(Client(), subject.representatives.get().user), signed_in(Client(), agent)
    fields = {
        "subject": subject.pk,
        "login": "13600136000",
        "acts": ["SUBMIT", "RECEIVE"],
        "which": "some",
        "items": ["FB-RENEW 食品经营许可延续", ""],
        "valid_from": today().isoformat(),
        "valid_to": (today() + datetime.timedelta(days=30)).isoformat(),
        "uuid": str(uuid.uuid4()),
    }
    wrong = owner.post("/my/mandates/new/", {**fields, "items": ["NO-SUCH"]})
    assert wrong.status_code == 422 and "没有编码为 NO-SUCH 的事项" in wrong.content.decode()
    assert 'value="13600136000"' in wrong.content.decode(), "what was typed stays"
    for _again in range(2):
        assert owner.post("/my/mandates/new/", fields, follow=True).status_code == 200
    row = Mandate.objects.get()
    assert row.items == ["FB-RENEW"] and row.acts == ["FILL", "RECEIVE", "SUBMIT"]
    drain()
    assert "委托您代办" in letters.notices_of(agent.pk)[0].text
    assert "接受委托" in helper.get("/my/mandates/").content.decode()
    assert subject.name not in helper.get("/apply/FB-RENEW/").content.decode()
    stranger = signed_in(Client(), PublicUserFactory())
    for act in ("accept", "end"):
        assert stranger.post(f"/my/mandates/{row.uuid}/", {"act": act}).status_code == 404
    assert "还没有委托" in stranger.get("/my/mandates/").content.decode()
    assert "不是任何主体的法定代表人" in stranger.get("/my/mandates/new/").content.decode()

    helper.post(f"/my/mandates/{row.uuid}/", {"act": "accept"})
    drain()
    page = helper.get("/my/mandates/").content.decode()
    assert "辞去委托" in page and "授权委托书" in page
    assert subject.name in helper.get("/apply/FB-RENEW/").content.decode()
    assert subject.name not in helper.get("/apply/FB-CANCEL/").content.decode()
    paper = page.split('href="/documents/')[1].split('"')[0]
    assert helper.get(f"/documents/{paper}").status_code == 200
    assert stranger.get(f"/documents/{paper}").status_code == 404

    owner.post(f"/my/mandates/{row.uuid}/", {"act": "end"})
    assert subject.name not in helper.get("/apply/FB-RENEW/").content.decode()
    assert "委托人收回" in helper.get("/my/mandates/").content.decode()

"""The reviewer's place of work: sources beside one another, conditions with articles, opinion, letter, materials."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from qipan.domains.licensing import actions
from qipan.domains.licensing.models import Application
from qipan.domains.licensing.reviewing import comparing
from qipan.kernel.documents.models import Document
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.models import Event
from qipan.kernel.subjects.models import Grant
from tests.licensing.city import BUSINESS, PLACE, City
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import picture, step
from tests.orgs.factories import reader_for, signed_in
from tests.subjects.factories import SubjectFactory, owner_of

pytestmark = pytest.mark.django_db


def pdf(pages: int = 2) -> bytes:
    from django.utils import timezone

    from qipan.kernel.documents import rendering

    return rendering.render("#pagebreak()".join(f"page {one}" for one in range(pages)), {}, timezone.now())


def handed_in(city: City, *contents: tuple[str, bytes]) -> Case:
    subject = SubjectFactory("深圳市新味餐馆")
    owner = reader_for(owner_of(subject))
    files = [
        str(evidence.store(content, actor=owner.actor(), kind="material", name=name).uuid)
        for name, content in contents or [("布局图.png", picture())]
    ]
    row = city.drafted("FB-NEW", subject, None, owner, layout_plan=files, **PLACE, **BUSINESS)
    return actions.submit(row, owner)


def renewal(city: City, **held: str) -> Case:
    """A renewal that goes to people; the licence says otherwise of the name than the register, where asked to."""
    subject, grant, owner = city.restaurant(risk_grade="D")
    Grant.objects.filter(pk=grant.pk).update(data={**grant.data, **held})
    grant.refresh_from_db()
    return actions.submit(city.drafted("FB-RENEW", subject, grant, owner, unchanged=True), owner)


def test_what_register_and_licence_say_otherwise_is_marked(city: City) -> None:
    case = renewal(city, name="深圳市旧名餐馆")
    row = Application.objects.get(pk=case.pk)
    assert [line.title for line in comparing.differences(row)] == ["经营者名称"]
    text = (
        signed_in(Client(), city.receiver.user).get(reverse("desk_case", args=[case.uuid])).content.decode()
    )
    assert "深圳市旧名餐馆" in text and "1 处不一致" in text


def test_brackets_of_either_width_are_no_difference(city: City) -> None:
    case = renewal(city)
    row = Application.objects.get(pk=case.pk)
    row.grant.data |= {"domicile": row.case.subject.domicile.replace("(", "（")}
    assert comparing.differences(row) == []


def test_the_applicant_sees_nothing_of_the_review(city: City) -> None:
    case = renewal(city, name="深圳市旧名餐馆")
    owner = case.subject.representatives.get().user
    text = signed_in(Client(), owner).get(reverse("my_case", args=[case.uuid])).content.decode()
    assert "处不一致" not in text and "申请内容" in text
    for name in ("draft_opinion", "preview_letter"):
        assert signed_in(Client(), owner).post(reverse(name, args=[case.uuid])).status_code in {302, 403}


def test_the_draft_opinion_is_made_of_conditions_differences_and_the_rules_reasons(city: City) -> None:
    case = renewal(city, name="深圳市旧名餐馆")
    step(case, city.receiver, "accept")
    client = signed_in(Client(), city.reviewer.user)
    address = reverse("draft_opinion", args=[case.uuid])
    row = Application.objects.get(pk=case.pk)
    assert row.mode_reasons
    ticks = {f"condition-{place}": "YES" for place in range(9)}
    text = client.post(address, ticks).content.decode()
    assert "符合。" in text and "旧名餐馆" in text and "风险等级" in text and "建议准予" in text
    assert "建议不予办理" in client.post(address, {**ticks, "condition-0": "NO"}).content.decode()
    row.refresh_from_db()
    assert row.opinion == "" and row.findings == []


def test_every_condition_is_looked_at_before_the_review_ends(city: City) -> None:
    """LicProc 18: the review goes through the legal conditions; what is left open is named."""
    case = renewal(city)
    step(case, city.receiver, "accept")
    client = signed_in(Client(), city.reviewer.user)
    case.refresh_from_db()
    form = {"version": case.version, "key": uuid.uuid4().hex, "opinion": "符合条件。", "conditions": "2"}
    refused = client.post(reverse("desk_step", args=[case.uuid, "review"]), form)
    assert refused.status_code == 409 and "第 1 项还没有结论" in refused.content.decode()
    count = len(refused.context["conditions"])
    form |= {f"condition-{place}": "YES" for place in range(count)} | {"key": uuid.uuid4().hex}
    client.post(reverse("desk_step", args=[case.uuid, "review"]), form)
    row = Application.objects.select_related("case").get(pk=case.pk)
    assert row.case.state == "REVIEWED" and {one["met"] for one in row.findings} == {"YES"}
    assert Event.objects.get(name="licensing.application.reviewed").data["conditions"] == ["YES"] * count


def test_points_are_picked_the_letter_is_seen_and_then_goes_once(city: City) -> None:
    """LicProc 15: told once, in full; what the officer saw before is what the applicant gets."""
    case = handed_in(city)
    client = signed_in(Client(), city.receiver.user)
    form = {
        "point": ["layout_plan", "area"],
        "title-layout_plan": "布局图",
        "why-layout_plan": "UNCLEAR",
        "note-layout_plan": "标出冷藏设备",
        "title-area": "使用面积（平方米）",
        "why-area": "DIFFERS",
        "points": "请补充从业人员健康证明",
    }
    seen = client.post(reverse("preview_letter", args=[case.uuid]), form)
    assert seen.content.decode().count("data:image/png") == 1 and "标出冷藏设备。" in seen.content.decode()
    assert not Document.objects.filter(record_id=case.pk).exists()
    assert "还没有选择" in client.post(reverse("preview_letter", args=[case.uuid]), {}).content.decode()
    case.refresh_from_db()
    client.post(
        reverse("desk_step", args=[case.uuid, "correct"]), {**form, "version": case.version, "key": "k"}
    )
    row = Application.objects.select_related("case").get(pk=case.pk)
    assert row.case.state == "CORRECTION"
    assert row.correction == [
        "“布局图”看不清楚，请重新提供清晰、完整的。标出冷藏设备。",
        "“使用面积（平方米）”与登记信息或者证照不一致，请核对后更正。",
        "请补充从业人员健康证明",
    ]


def test_materials_are_turned_page_by_page_and_from_file_to_file(city: City) -> None:
    case = handed_in(city, ("布局图.png", picture()), ("流程.pdf", pdf(2)))
    client = signed_in(Client(), city.receiver.user)
    first, second = client.get(reverse("desk_case", args=[case.uuid])).context["files"]
    page = client.get(reverse("case_material", args=[case.uuid, first.uuid]))
    assert page.context["shown"] and page.context["next"] == (second, 1) and page.context["previous"] is None
    page = client.get(reverse("case_material", args=[case.uuid, second.uuid]), headers={"HX-Request": "true"})
    assert page.context["pages"] == 2 and page.context["next"] == (second, 2)
    assert "<html" not in page.content.decode()
    last = client.get(reverse("case_material", args=[case.uuid, second.uuid]) + "?page=2")
    assert last.context["next"] is None and last.context["previous"] == (second, 1)
    drawn = client.get(reverse("evidence_page", args=[second.uuid, 2]))
    assert drawn["Content-Type"] == "image/webp" and len(drawn.content) > 500
    assert client.get(reverse("evidence_page", args=[second.uuid, 3])).status_code == 404
    opened = Event.objects.filter(name="evidence.file.opened", actor_id=city.receiver.user_id)
    assert opened.count() == 2


def test_a_file_of_another_case_is_not_shown_in_this_one(city: City) -> None:
    case = handed_in(city)
    other = evidence.store(picture(), actor=reader_for(city.receiver).actor(), kind="material", name="x.png")
    client = signed_in(Client(), city.receiver.user)
    assert client.get(reverse("case_material", args=[case.uuid, other.uuid])).status_code == 404

"""A client of the information mediator reads and does what its account may: another's is as if it were not there."""

import base64
import uuid

import jsonschema_rs
import pytest

from qipan.adapters.govstack import actions as govstack
from qipan.adapters.govstack.models import Alias, Kind
from qipan.domains.licensing import actions as licensing
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case, OrderState, WorkOrder
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import actions as subjects
from tests.adapters.mediator import OFFICE, OTHER, SHOP, Mediator
from tests.api.programs import PDF
from tests.licensing.city import City
from tests.orgs.factories import SYSTEM, StaffFactory, reader_for
from tests.subjects.factories import SubjectFactory, owner_of

pytestmark = pytest.mark.django_db
ITEM = "FB-NEW"
CONTACT = {"contact_name": "王小明", "contact_phone": {"value": "13800138000"}}


@pytest.fixture
def shops(city: City, mediator: Mediator) -> tuple:
    """Two businesses, each with its program, and the bureau's."""
    shop, other = SubjectFactory("甲店"), SubjectFactory("乙店")
    mediator.register(SHOP, applicant=owner_of(shop))
    mediator.register(OTHER, applicant=owner_of(other))
    mediator.register(OFFICE, officer=city.reviewer.user)
    return shop, other


def begun(mediator: Mediator, name: str, **more: object) -> dict:
    answer = mediator.send("post", f"services/{ITEM}/applications", name, {"applicantId": "u-1", **more})
    assert answer.status_code == 200, answer.content.decode()
    return answer.json()


def test_a_file_is_begun_filled_in_and_seen_by_its_client_alone(shops: tuple, mediator: Mediator) -> None:
    file = begun(mediator, SHOP, formData={"eFormId": ITEM, "data": CONTACT})
    number = file["fileId"]
    assert file["serviceId"] == ITEM and file["applicationData"]["applicantId"] == "u-1"
    assert file["status"]["code"] == "PENDING" and file["status"]["title"].startswith("草稿：")
    case = Case.objects.get(uuid=number)
    assert (case.state, case.subject_id) == ("DRAFT", shops[0].pk)
    names = set(Event.objects.values_list("name", flat=True))
    assert {"licensing.application.saved", "govstack.alias.named"} <= names
    assert [each["fileId"] for each in mediator.get("applications", SHOP)] == [number]
    assert mediator.get(f"applications/{number}", SHOP)["fileId"] == number
    for stranger in (OTHER, OFFICE):  # a draft is its applicant's
        assert mediator.get("applications", stranger) == []
        assert mediator.call("get", f"applications/{number}", stranger).status_code == 404
    changed = {"applicantId": "u-1", "formData": {"data": {"contact_name": "李四"}}}
    assert mediator.send("put", f"applications/{number}", OTHER, changed).status_code == 404
    assert mediator.send("put", f"applications/{number}", SHOP, changed).status_code == 200


def test_lists_are_narrowed_sorted_and_paged(shops: tuple, mediator: Mediator) -> None:
    files = [begun(mediator, SHOP)["fileId"] for _time in range(3)]
    begun(mediator, OTHER)
    assert [each["fileId"] for each in mediator.get("applications", SHOP)] == files
    paged = mediator.get("applications?firstResult=1&maxResult=1&sortBy=created&sortOrder=desc", SHOP)
    assert [each["fileId"] for each in paged] == [files[1]]
    assert len(mediator.get(f"applications?serviceId={ITEM}&applicantId=u-1", SHOP)) == 3
    assert len(mediator.get(f"applications?applicantId={shops[0].uuid}", SHOP)) == 3
    for nothing in (
        "serviceId=none",
        "applicantId=u-2",
        f"applicantId={shops[1].uuid}",
        "serviceId=FB-RENEW",
    ):
        assert mediator.get(f"applications?{nothing}", SHOP) == []


def test_an_officer_reads_what_was_handed_in_and_may_not_fill_it_in(
    city: City, shops: tuple, mediator: Mediator
) -> None:
    subject, grant, owner = city.restaurant(risk_grade="D")
    case = licensing.submit(city.drafted("FB-RENEW", subject, grant, owner, changes="换灯"), owner)
    line = mediator.get("applications?serviceId=FB-RENEW", OFFICE)
    assert [each["fileId"] for each in line] == [str(case.uuid)]
    assert line[0]["applicantId"] == str(subject.uuid) and line[0]["roleId"] == Role.LIC_RECEIVER
    assert mediator.get("applications?serviceId=FB-RENEW", SHOP) == []
    body = {"applicantId": str(subject.uuid), "formData": {"data": {"changes": "不换"}}}
    answer = mediator.send("put", f"applications/{case.uuid}", OFFICE, body)
    assert answer.status_code == 403
    nanshan = StaffFactory(role=Role.LIC_REVIEWER, unit=city.tree.districts[1])
    mediator.register("SZ/GOV/9001/nanshan", officer=nanshan.user)
    assert mediator.call("get", f"applications/{case.uuid}", "SZ/GOV/9001/nanshan").status_code == 404


def test_what_was_handed_in_is_changed_no_more(city: City, mediator: Mediator) -> None:
    subject, grant, owner = city.restaurant(risk_grade="D")
    case = licensing.submit(city.drafted("FB-RENEW", subject, grant, owner, changes="换灯"), owner)
    mediator.register(SHOP, applicant=subject.representatives.get().user)
    body = {"applicantId": "u-1", "formData": {"data": {"changes": "不换"}}}
    answer = mediator.send("put", f"applications/{case.uuid}", SHOP, body)
    assert answer.status_code == 409 and answer.json()["localizedMessage"]


def ordered(city: City, case: Case | None = None) -> WorkOrder:
    """An order for the reviewers of 福田."""
    path = city.tree.districts[0].path
    return flow.create_order(
        "survey", "查看门头", Role.LIC_REVIEWER, path, actor=SYSTEM, requirement="拍照", case=case
    )


def test_tasks_are_the_officers_work_orders(city: City, shops: tuple, mediator: Mediator) -> None:
    order = ordered(city, Case.objects.get(uuid=begun(mediator, SHOP)["fileId"]))
    govstack.name(Kind.TASK, "task-1", actor=SYSTEM, record_id=order.pk)
    (line,) = mediator.get("tasks", OFFICE)
    assert (line["taskId"], line["name"], line["serviceId"]) == ("task-1", "查看门头", ITEM)
    assert mediator.get(f"tasks?fileId={line['fileId']}", OFFICE) == [line]
    for nothing in ("fileId=none", "mainTaskId=none", "assigneeId=none"):
        assert mediator.get(f"tasks?{nothing}", OFFICE) == []
    assert mediator.get("tasks/task-1", OFFICE)["taskName"] == "查看门头"
    for name in (SHOP, OTHER, None):
        assert mediator.get("tasks", name) == []
        assert mediator.call("get", "tasks/task-1", name).status_code == 404
        assert mediator.send("post", "tasks/task-1/complete", name, {"data": {}}).status_code == 404
    done = mediator.send("post", "tasks/task-1/complete", OFFICE, {"data": {"note": {"value": "已拍"}}})
    assert done.status_code == 200 and done.json()["status"]["code"] == "APPROVED"
    order.refresh_from_db()
    assert (order.state, order.assignee_id) == (OrderState.DONE, city.reviewer.user_id)
    assert "已拍" in order.result
    assert mediator.get("tasks", OFFICE) == []
    again = mediator.send("post", "tasks/task-1/complete", OFFICE, {"data": {}})
    assert again.status_code == 200, "done once, told twice"


def test_calls_without_the_header_are_nobodys_until_the_operator_says_whose(
    city: City, shops: tuple, mediator: Mediator
) -> None:
    order = ordered(city)
    assert mediator.call("get", f"tasks/{order.uuid}").status_code == 404
    mediator.said["unnamed"] = OFFICE
    mediator.write()
    assert mediator.get(f"tasks/{order.uuid}")["taskId"] == str(order.uuid)
    for path in (
        "applications",
        "data/statistics/1.0",
    ):  # where the specification requires the header, it is required
        assert mediator.call("get", path).status_code == 400


def test_a_token_lends_no_more_than_its_scopes(shops: tuple, mediator: Mediator) -> None:
    begun(mediator, SHOP)
    user = shops[0].representatives.get().user
    mediator.register(SHOP, applicant=user, scopes=("applications.read",))
    assert len(mediator.get("applications", SHOP)) == 1
    answer = mediator.send("post", f"services/{ITEM}/applications", SHOP, {"applicantId": "u-1"})
    assert answer.status_code == 403
    user.api_tokens.all().delete()
    assert mediator.get("applications", SHOP) == [], "without its token the client is nobody"


def test_nobody_applies_for_a_business_that_the_account_does_not_represent(
    shops: tuple, mediator: Mediator
) -> None:
    subjects.represent(shops[0].representatives.get().user, SubjectFactory("甲二店"), SYSTEM)
    for applicant in ("u-9", str(shops[1].uuid)):  # two businesses: whose the reference is has to be said
        answer = mediator.send("post", f"services/{ITEM}/applications", SHOP, {"applicantId": applicant})
        assert answer.status_code == 400
    assert not Case.objects.exists() and not Alias.objects.exists()
    answer = mediator.send("post", f"services/{ITEM}/applications", SHOP, {"applicantId": str(shops[0].uuid)})
    assert answer.status_code == 200


def test_statistics_count_the_clients_own_cases(city: City, shops: tuple, mediator: Mediator) -> None:
    subject, grant, owner = city.restaurant(risk_grade="D")
    case = licensing.submit(city.drafted("FB-RENEW", subject, grant, owner, changes="换灯"), owner)
    actor = reader_for(city.receiver).actor(None, case.org_path)
    flow.fire(Case.objects.get(pk=case.pk), "correct", actor, data={"points": ["补平面图"]})
    (row,) = mediator.get("data/statistics/1.0?timeframe=month", OFFICE)
    assert (row["processed"], row["sentBack"], row["approved"], row["rejected"]) == (1, 1, 0, 0)
    assert row["references"] == {
        "timeframeDay": False,
        "timeframeWeek": False,
        "timeframeMonth": True,
        "timeframeYear": False,
    }
    assert mediator.get("data/statistics/1.0", SHOP)[0]["processed"] == 0
    past = mediator.get("data/statistics/1.0?startDate=2020-01-01&endDate=2020-01-31", OFFICE)[0]
    assert past["processed"] == 0 and past["references"]["startDate"] == "2020-01-01"
    for missing in ("registrationName=none", "operator=none", "role=none"):
        assert mediator.call("get", f"data/statistics/1.0?{missing}", OFFICE).status_code == 404
    named = mediator.get("data/statistics/1.0?registrationName=FB-RENEW&role=lic_receiver", OFFICE)[0]
    assert named["processed"] == 1


def test_a_document_goes_with_the_file_of_who_sent_it(shops: tuple, mediator: Mediator) -> None:
    sent = mediator.call(
        "post", "documents?additionalMetadata=plan", SHOP, data={"file": base64.b64encode(PDF).decode()}
    )
    assert sent.status_code == 200, sent.content.decode()
    url = sent.json()["url"]
    file = begun(mediator, SHOP, documentUrls=[url])
    assert file["applicationData"]["documentUrls"] == [url]
    stolen = {"applicantId": "u-1", "documentUrls": [url]}
    assert mediator.send("post", f"services/{ITEM}/applications", OTHER, stolen).status_code == 403
    unknown = {"applicantId": "u-1", "documentUrls": [f"/evidence/{uuid.uuid4()}/"]}
    assert mediator.send("post", f"services/{ITEM}/applications", SHOP, unknown).status_code == 409
    assert Case.objects.count() == 1, "what is refused leaves nothing behind"


def test_services_and_forms_are_what_everybody_may_know(city: City, mediator: Mediator) -> None:
    govstack.name(Kind.SERVICE, "svc-1", actor=SYSTEM, code=ITEM, title="Food licence")
    govstack.name(Kind.FORM, "form-1", actor=SYSTEM, code=ITEM)
    (named,) = mediator.get("services?name=Food licence")
    assert (named["id"], named["type"]) == ("svc-1", "Public")
    assert mediator.get("services?name=none") == []
    assert mediator.get("services/svc-1")[0]["name"] == "Food licence"
    assert mediator.get("services/svc-1/eForms")[0]["eFormId"] == "form-1"
    schema = mediator.get("eForms/form-1")["schema"]
    assert jsonschema_rs.meta.is_valid(schema)
    check = jsonschema_rs.validator_for(schema)
    for answers, wrong in (({"contact_phone": "x"}, True), ({"contact_phone": "13800138000"}, False)):
        places = {tuple(error.instance_path) for error in check.iter_errors(answers)}
        assert (("contact_phone",) in places) == wrong
    assert not check.is_valid({"nowhere": 1})
    for path in ("services/none", "services/none/eForms", "eForms/none"):
        answer = mediator.call("get", path)
        assert answer.status_code == 404 and answer["Content-Type"].startswith("application/json")


def test_a_name_of_others_stands_for_one_record_only(city: City) -> None:
    first = govstack.name(Kind.SERVICE, "svc", actor=SYSTEM, code="FB-NEW")
    assert govstack.name(Kind.SERVICE, "svc", actor=SYSTEM, code="FB-NEW") == first
    assert Event.objects.filter(name="govstack.alias.named").count() == 1
    with pytest.raises(Refused):
        govstack.name(Kind.SERVICE, "svc", actor=SYSTEM, code="FB-RENEW")
    with pytest.raises(Refused):
        govstack.name(Kind.SERVICE, "a\0b", actor=SYSTEM, code="FB-NEW")

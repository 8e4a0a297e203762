"""The runner's own parts: what a suite takes for granted is made by our actions, and its report is read to the end."""

import json
from pathlib import Path

import pytest

from qipan.adapters.govstack import suite
from qipan.adapters.govstack.models import Alias
from qipan.cli import peers_govstack
from qipan.cli.session import Refusal
from qipan.kernel.ledger.models import Event
from tests.adapters.mediator import Mediator
from tests.licensing.city import City

CLIENT = "SZ/GOV/1/suite"
APPLICATION = {"serviceName": "二号", "documentUrls": ["file-1"]}
DATA = {
    "informationMediatorClientHeader": {"key": "Information-Mediator-Client", "value": CLIENT},
    "services": [{"id": "s-1", "name": "一号", "eForms": [{"eFormId": "f-1"}]}],
    "applications": [
        {**APPLICATION, "fileId": "a-1", "serviceId": "s-1", "eformId": "f-2", "applicantId": "u-1"},
        {**APPLICATION, "fileId": "a-2", "serviceId": "s-2", "eformId": "f-3", "applicantId": "u-2"},
    ],
    "tasks": [
        {
            "taskId": "t-1", "mainTaskId": "t-0", "taskName": "查", "description": "说明", "assigneeId": "p-1",
            "serviceId": "s-2", "serviceName": "二号", "fileId": "a-3", "eFormId": "f-3",
        }
    ],
}  # fmt: skip
FEATURE = """Feature: x
  Scenario: y
    When PUT request to change is sent with "a-2" as a fileId parameter
  Examples:
    | registrationName | operator | role |
    | REG              | 张三     | r-1  |
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    steps = tmp_path / "test" / "openAPI" / "features" / "support"
    steps.mkdir(parents=True)
    (steps / "change.js").write_text("withJson({ eFormId: 'f-9' })")
    (steps.parent / "x.feature").write_text(FEATURE)
    (steps.parents[1] / "package.json").write_text("{}")
    (steps.parents[1] / "test-data.json").write_text(json.dumps(DATA))
    return tmp_path


@pytest.mark.django_db
def test_what_a_suite_takes_for_granted_is_there(city: City, folder: Path, mediator: Mediator) -> None:
    fixture = suite.Fixture(suite.Suite(folder))
    fixture.load()
    assert Event.objects.filter(name="govstack.alias.named").count() == Alias.objects.count()
    mediator.write(json.dumps(fixture.clients()))
    assert [row["name"] for row in mediator.get("services?name=一号")] == ["一号"]
    assert mediator.get("eForms/f-9")["eFormId"] == "f-9"
    assert {row["fileId"] for row in mediator.get("applications", CLIENT)} == {"a-1", "a-2", "a-3"}
    assert [row["fileId"] for row in mediator.get("applications?applicantId=u-2", CLIENT)] == ["a-2"]
    body = {
        "applicantId": "u-3",
        "formData": {"data": {"x": {}}, "eFormId": "f-9"},
        "documentUrls": ["file-1"],
    }
    assert mediator.send("put", "applications/a-2", CLIENT, body).status_code == 200
    tasks = {row["taskId"]: row for row in mediator.get("tasks", CLIENT)}
    assert tasks["t-1"]["mainTaskId"] == "t-0" and tasks["t-1"]["assigneeId"] == "p-1"
    assert [row["taskId"] for row in mediator.get("tasks?mainTaskId=t-0", CLIENT)] == ["t-1"]
    done = mediator.send("post", "tasks/t-1/complete", None, {"data": {"x": {}}})
    assert done.status_code == 200 and done.json()["fileId"] == "a-3"
    counted = mediator.get("data/statistics/1.0?registrationName=REG&operator=张三&role=r-1", CLIENT)
    assert counted[0]["processed"] == 0


def test_a_folder_without_a_suite_is_told(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="bb-registration"):
        peers_govstack.run(tmp_path, as_json=False)
    with pytest.raises(suite.NoSuite):
        suite.Suite(tmp_path)


def test_a_report_is_counted_scenario_by_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    def scenario(name: str, *states: str) -> dict:
        steps = [
            {
                "name": f"s{n}",
                "keyword": "Then ",
                "result": {"status": state, "error_message": "AssertionError: no\nat x"},
            }
            for n, state in enumerate(states)
        ]
        return {"name": name, "line": 3, "steps": steps}

    known = suite.contradictions()[0]
    report = [
        {"uri": "features/a.feature", "elements": [scenario("good", "passed", "passed"), scenario("bad", "passed", "failed", "skipped")]},
        {"uri": f"features/{known.feature}", "elements": [scenario(known.scenario, "failed")]},
    ]  # fmt: skip
    found = peers_govstack.results(report)
    assert [(each.passed, each.reason) for each in found[:2]] == [
        (True, ""),
        (False, "s1 → AssertionError: no"),
    ]
    assert peers_govstack._report(found, False) == 1
    assert "✗ a.feature:3 bad" in (said := capsys.readouterr()).out and "≠" in said.out
    assert "通过 1,共 3" in said.err
    assert peers_govstack._report([found[0], found[2]], True) == 0, "what contradicts our law is no failure"
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last == {"passed": 1, "total": 2, "contradicting": 1}
    passing = peers_govstack.Result(known.feature, 1, known.scenario, True)
    assert peers_govstack._report([passing], False) == 1, "a list that is out of date is told"


def test_every_contradiction_says_why() -> None:
    for each in suite.contradictions():
        assert each.feature.endswith(".feature") and len(each.reason) > 20

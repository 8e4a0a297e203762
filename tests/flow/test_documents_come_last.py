"""A step writes its documents: numbers last, once, only when the step holds, and sealed at once where asked."""

import dataclasses
import datetime
from collections.abc import Iterator

import pytest

from qipan.kernel.documents import seals
from qipan.kernel.documents.models import Document, NumberSeries, Template
from qipan.kernel.flow import actions, registry
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Flow, Paper
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from tests.flow.people import Desk, acts
from tests.flow.sample import PERMIT

BODY = '#import "/official.typ": *\n#show: official.with(agency: data.seal_name)\n#data.party：\n\n准予许可。'


def remember(context: Context, document: Document) -> None:
    """What a domain does with a reserved document."""
    context.case.__class__.objects.filter(pk=context.case.pk).update(result=f"doc:{document.number}")


def with_papers(*papers: Paper | str) -> Flow:
    steps = tuple(
        dataclasses.replace(step, documents=papers) if step.code in ("grant", "grant_by_rules") else step
        for step in PERMIT.transitions
    )
    return dataclasses.replace(
        PERMIT,
        version=3,
        transitions=steps,
        document_data=lambda context, template: {
            "party": context.case.title if template != "test.lacking" else ""
        },
    )


@pytest.fixture
def desk(settings, tmp_path, db, law) -> Iterator[Desk]:
    settings.HOME = tmp_path
    seals.signers.cache_clear()
    desk = Desk()
    seals.create_seal(desk.tree.districts[0], Actor.system())
    for code in ("test.grant", "test.lacking"):
        Template.objects.create(
            code=code,
            valid_from=datetime.date(2024, 1, 1),
            title="准予许可决定书",
            body=BODY,
            fields={"party": "申请人"},
            number_rule="深市监{unit}许〔{year}〕{sequence}号",
            unconfirmed="a test",
        )
    yield desk


def use(flow: Flow) -> Flow:
    for version in list(registry.all_flows()):
        if (version.code, version.version) == (flow.code, flow.version):
            registry.unregister(version)
    return registry.register(flow)


def test_a_granted_case_has_its_document_numbered_once(desk: Desk) -> None:
    seal = Paper("test.grant", seal="SZ/FT/", then=remember)
    flow = use(with_papers(seal))
    try:
        case = actions.fire(desk.reviewed(), "grant", acts(desk.decider), key="g")
        actions.fire(case, "grant", acts(desk.decider), key="g")
        document = Document.objects.get(record_kind="flow.case", record_id=case.pk)
        assert document.number == f"深市监园岭许〔{document.dated_on.year}〕1号"
        case.refresh_from_db()
        assert case.result == f"doc:{document.number}"
        drain()
        document.refresh_from_db()
        assert document.state == "ISSUED"
    finally:
        registry.unregister(flow)


def test_rules_that_grant_write_it_too_and_a_refused_step_takes_no_number(desk: Desk) -> None:
    flow = use(with_papers("test.grant"))
    try:
        case = desk.submitted(unchanged=True)
        assert Document.objects.get(record_id=case.pk).data["party"] == case.title
        before = NumberSeries.objects.get().last
        with pytest.raises(Refused):
            actions.fire(desk.open(), "submit", acts(desk.owner), data={"place": "", "unchanged": True})
        assert NumberSeries.objects.get().last == before
    finally:
        registry.unregister(flow)


def test_a_document_that_lacks_something_refuses_the_whole_step(desk: Desk) -> None:
    flow = use(with_papers("test.grant", "test.lacking"))
    try:
        case = desk.reviewed()
        with pytest.raises(Refused) as refused:
            actions.fire(case, "grant", acts(desk.decider))
        assert "申请人" in str(refused.value)
        case.refresh_from_db()
        assert case.state == "REVIEWED"
        assert not Document.objects.exists()
        assert not NumberSeries.objects.exists()
    finally:
        registry.unregister(flow)


def test_a_document_left_out_by_its_condition_is_not_written(desk: Desk) -> None:
    flow = use(with_papers(Paper("test.grant", when=lambda context: context.case.title == "别的店")))
    try:
        actions.fire(desk.reviewed(), "grant", acts(desk.decider))
        assert not Document.objects.exists()
    finally:
        registry.unregister(flow)


def test_what_is_wanted_at_once_is_sealed_before_the_answer(
    desk: Desk, django_capture_on_commit_callbacks
) -> None:
    flow = use(with_papers(Paper("test.grant", seal="SZ/FT/", number="JY24403040000017", at_once=True)))
    try:
        case = desk.reviewed()
        with django_capture_on_commit_callbacks(execute=True):
            actions.fire(case, "grant", acts(desk.decider))
        document = Document.objects.get(record_id=case.pk)
        assert (document.state, document.number) == ("ISSUED", "JY24403040000017")
    finally:
        registry.unregister(flow)

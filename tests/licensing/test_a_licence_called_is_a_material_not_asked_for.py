"""系统能够获取的，不要求再次提供 (在线政务服务规定 7): the registers supply it, the call is logged and counted."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from qipan.domains.licensing import actions
from qipan.domains.licensing.elicences import calling
from qipan.domains.licensing.elicences.models import Call
from qipan.domains.licensing.models import Application
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.models import Event
from tests.elicences.kinds import granted
from tests.licensing.city import City
from tests.orgs.factories import BusinessUserFactory, signed_in

pytestmark = pytest.mark.django_db


def test_what_the_registers_have_is_called_instead_of_asked_for(client: Client, city: City) -> None:
    subject, grant, owner = city.restaurant()
    business = granted("YYZZ", subject)
    row = city.drafted("FB-RENEW", subject, grant, owner, unchanged=True)
    assert not Call.objects.exists(), "a draft uses nothing yet"
    user = subject.representatives.get().user
    page = signed_in(client, user).get(reverse("apply_form", args=[row.case.uuid])).content.decode()
    wanted = calling.supplied(row)
    assert len(wanted) >= 2 and f"免提交 {len(wanted)} 份材料" in page
    case = actions.submit(row, owner, key=uuid.uuid4().hex)
    drain()
    calls = {call.material: call for call in Call.objects.filter(case_id=case.pk)}
    assert len(calls) == len(wanted)
    assert {call.grant for call in calls.values()} == {grant, business}
    assert all(
        call.given and call.basis == "APPLICATION" and call.item_code == "FB-RENEW" for call in calls.values()
    )
    told = Event.objects.filter(name="licensing.licence.called", subject_id=subject.pk)
    assert told.count() == len(wanted)
    assert calling.note_materials(Application.objects.get(pk=case.pk)) == 0, "once each"
    page = client.get(reverse("my_case", args=[case.uuid])).content.decode()
    assert f"免提交 {len(wanted)} 份材料" in page and business.number in page
    log = client.get(reverse("licence_calls")).content.decode()
    assert "本平台办件" in log and grant.number in log
    officer = signed_in(Client(), city.decider.user)
    figures = officer.get(reverse("licence_figures")).content.decode()
    assert f'<div class="call-figure">{len(wanted)}</div>' in figures and "营业执照" in figures


def test_a_business_without_an_e_licence_is_supplied_by_the_base_library(city: City) -> None:
    subject, grant, owner = city.restaurant()
    row = city.drafted("FB-RENEW", subject, grant, owner, unchanged=True)
    case = actions.submit(row, owner, key=uuid.uuid4().hex)
    drain()
    row = Call.objects.get(case_id=case.pk, grant__isnull=True)
    assert "商事登记基础库" in row.source and row.subject_id == subject.pk


def test_another_units_officials_do_not_count_it(city: City) -> None:
    from qipan.domains.licensing.elicences import queries
    from qipan.kernel.ledger.clock import today
    from qipan.kernel.orgs.roles import Role
    from tests.orgs.factories import StaffFactory, reader_for

    subject, grant, owner = city.restaurant()
    actions.submit(city.drafted("FB-RENEW", subject, grant, owner, unchanged=True), owner, key="k")
    drain()
    here = reader_for(city.decider)
    elsewhere = reader_for(StaffFactory(role=Role.LIC_DECIDER, unit=city.tree.districts[1]))
    assert queries.figures(here, today()).saved >= 2
    assert queries.figures(elsewhere, today()).saved == 0
    assert not Call.objects.visible_to(reader_for(BusinessUserFactory())).exists()

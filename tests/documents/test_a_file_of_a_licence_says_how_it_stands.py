"""What anyone is told of the file of a licence: valid, superseded, at rest, ended, forged, from elsewhere (Esign 13)."""

import datetime
import io

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader, PdfWriter

from qipan.kernel.documents import actions, queries, seals
from qipan.kernel.documents.models import Document
from qipan.kernel.documents.queries import Finding
from qipan.kernel.ledger.clock import today
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.models import Certificate, Grant
from qipan.kernel.subjects.standing import standing, standing_of_file
from tests.documents.strangers import blank, signed_by, written
from tests.law.catalogues import load_catalogues
from tests.orgs.factories import SYSTEM, UnitTree
from tests.subjects.factories import GrantFactory, SubjectFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def grant(settings, tmp_path) -> Grant:
    settings.HOME = tmp_path
    load_catalogues()
    seals.signers.cache_clear()
    tree = UnitTree()
    seals.create_seal(tree.districts[0], SYSTEM)
    return GrantFactory(SubjectFactory())


def issued(grant: Grant, key: str) -> Document:
    """A certificate of the grant, made and attached."""
    data = {
        "licence_number": grant.number,
        "name": grant.subject.name,
        "uscc": "92440304MA5000000X",
        "legal_rep": "王小明",
        "domicile": "深圳市福田区",
        "premises": "深圳市福田区",
        "main_format": "餐饮服务经营者",
        "items": "热食类制售",
        "marks": "",
        "valid_from": "2021年1月1日",
        "valid_to": "2026年1月1日",
        "supervisor": "园岭监管所",
        "hotline": "12315",
        "issuer": "福田监管局",
    }
    with transaction.atomic():
        document = actions.prepare(
            "licensing.certificate",
            data,
            record=grant,
            org_path=grant.org_path,
            seal="SZ/FT/",
            actor=SYSTEM,
            key=key,
        )
    document = actions.produce(document.pk)
    subjects.attach_documents(grant, document.pk)
    return document


def test_the_newest_file_speaks_for_the_licence_and_the_one_before_says_so(grant: Grant) -> None:
    first = issued(grant, "one")
    content = queries.file_of(first)
    verdict = queries.check_upload(content)
    assert verdict.good and verdict.kind == Finding.OURS and verdict.standing.code == "VALID"
    assert verdict.document_id == first.pk and verdict.standing.grant == grant
    second = issued(grant, "two")
    grant.refresh_from_db()
    assert grant.document_id == second.pk
    verdict = queries.check_upload(content)
    assert (verdict.good, verdict.unchanged, verdict.standing.code) == (False, True, "SUPERSEDED")
    assert "新的文件" in verdict.problems[0]
    public = queries.by_code(first.code)
    assert not public.valid and public.state == "已换发"
    assert queries.check_upload(queries.file_of(second)).good
    subjects.attach_documents(grant, second.pk)
    assert Certificate.objects.filter(grant=grant).count() == 2, "attached again, nothing changes"


@pytest.mark.parametrize("state", ["SUSPENDED", "REVOKED", "RESCINDED", "WITHDRAWN", "CANCELLED"])
def test_a_file_of_a_licence_that_rests_or_ended_says_so(grant: Grant, client: Client, state: str) -> None:
    document = issued(grant, "one")
    subjects.set_grant_state(grant, state, SYSTEM, "测试")
    verdict = queries.check_upload(queries.file_of(document))
    assert verdict.unchanged and not verdict.good and verdict.standing.code == state
    page = client.get(reverse("verify", args=[document.code])).content.decode()
    assert verdict.standing.text in page
    page = client.get(reverse("verify_form"), {"number": grant.number}).content.decode()
    assert verdict.standing.text in page and grant.subject.name in page


def test_a_licence_is_over_on_the_day_whether_the_job_ran_or_not(grant: Grant) -> None:
    document = issued(grant, "one")
    late = grant.valid_to + datetime.timedelta(days=1)
    assert standing(grant, grant.valid_to).good and standing(grant, late).code == "EXPIRED"
    assert standing_of_file(document.pk, late).code == "EXPIRED"
    Grant.objects.filter(pk=grant.pk).update(valid_to=today() - datetime.timedelta(days=1))
    grant.refresh_from_db()
    assert (grant.state, grant.state_now, grant.state_title) == ("VALID", "EXPIRED", "已过期")
    assert not queries.check_upload(queries.file_of(document)).good


def test_a_licence_at_rest_runs_out_as_well(grant: Grant) -> None:
    subjects.set_grant_state(grant, "SUSPENDED", SYSTEM, "停用")
    assert subjects.expire_grants(grant.valid_to) == 0
    assert subjects.expire_grants(grant.valid_to + datetime.timedelta(days=1)) == 1
    grant.refresh_from_db()
    assert grant.state == "EXPIRED"


def test_a_changed_file_is_told_from_the_original(grant: Grant) -> None:
    content = queries.file_of(issued(grant, "one"))
    assert queries.check_upload(content.replace(b"/Rect[0 0 0 0]", b"/Rect[0 0 1 0]")).kind == Finding.FORGED
    assert queries.check_upload(content + b"\n% more").kind == Finding.FORGED
    kept, printed = PdfWriter(), PdfWriter()
    kept.append(PdfReader(io.BytesIO(content)), import_outline=False)
    kept.remove_annotations(subtypes=None)
    assert queries.check_upload(written(kept)).kind == Finding.FORGED, (
        "what is left of the seal does not hold"
    )
    for page in PdfReader(io.BytesIO(content)).pages:
        page.pop("/Annots", None)
        printed.add_page(page)
    assert queries.check_upload(written(printed)).kind == Finding.COPY, "printed to a file, without the seal"


def test_a_seal_of_another_authority_is_no_forgery_and_no_proof(grant: Grant) -> None:
    assert queries.check_upload(blank()).kind == Finding.UNSEALED
    verdict = queries.check_upload(signed_by("某省某某局"))
    assert verdict.kind == Finding.FOREIGN and not verdict.good
    verdict = queries.check_upload(signed_by(seals.seal_of("SZ/FT/").name))
    assert verdict.kind == Finding.FORGED and "冒用" in verdict.problems[0]


def test_a_number_that_nobody_gave_is_told(client: Client, grant: Grant) -> None:
    answer = client.get(reverse("verify_form"), {"number": "JY24403040000000"})
    assert answer.status_code == 404 and "没有这个证照编号" in answer.content.decode()
    answer = client.post(reverse("verify_form"), {"code": f" {grant.number} "})
    assert answer.status_code == 302 and grant.number in answer["Location"]
    assert client.get(f"/api/v1/verifications/licences/{grant.number}").json()["code"] == "VALID"
    assert client.get("/api/v1/verifications/licences/JY24403040000000").status_code == 404

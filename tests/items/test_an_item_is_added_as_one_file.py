"""A bureau adds a licence that the product does not know: one YAML file, no code, walked to its sealed certificate."""

import uuid
from pathlib import Path

import pytest

from qipan.domains.licensing import actions
from qipan.domains.licensing.models import Application
from qipan.kernel.documents import queries as documents
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case
from qipan.kernel.items import queries as items
from qipan.kernel.jobs.testing import drain
from qipan.kernel.law import catalogue
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from tests.licensing.city import City
from tests.orgs.factories import reader_for
from tests.subjects.factories import SubjectFactory, owner_of

pytestmark = pytest.mark.django_db

KIND = """kind: licence_kinds
rows:
  - code: TEAHOUSE
    valid_from: 2026-01-01
    title: 茶艺馆等级证
    years: 3
    number_rule: "深茶{year}{area}{sequence:03}"
    template: licences.teahouse
    faces: [{field: rep, title: 负责人}, {field: grade, title: 等级}]
    unconfirmed: 试验用
"""
TEMPLATE = """kind: templates
rows:
  - {use: template.licence, code: licences.teahouse, title: 茶艺馆等级证, unconfirmed: 试验用}
"""
FORM = """kind: forms
rows:
  - code: licensing.teahouse
    valid_from: 2026-01-01
    title: 茶艺馆等级申请书
    sections:
      - use: form.subject
      - title: 等级
        fields: [{code: grade, title: 申请等级, kind: choice, required: true, options: [{code: A, title: 一级}, {code: B, title: 二级}]}]
      - use: form.contact
      - use: form.truth
"""
ITEM = """kind: item_families
rows:
  - code: TH
    valid_from: 2026-01-01
    name: 茶艺馆等级认定
    all: {use: item.matter, line: CONSUMER, kind: QR, licence: TEAHOUSE, authority: 辖区市场监督管理局, unconfirmed: 试验用, law_days: 3}
    items:
      - {use: item.new, code: NEW, form: licensing.teahouse, flags: [mobile, no_meet]}
      - {use: [item.cancel, auto.simple]}
"""


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.HOME = tmp_path / "home"
    return City()


def written(folder: Path, **texts: str) -> list[Path]:
    paths = []
    for name, text in texts.items():
        path = folder / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def test_a_new_licence_walks_from_its_file_to_its_certificate(city: City, tmp_path: Path) -> None:
    assert items.item("TH-NEW") is None
    reports = catalogue.load_files(written(tmp_path, kind=KIND, template=TEMPLATE, form=FORM, item=ITEM))
    assert {report.kind: report.created for report in reports} == {
        "licence_kinds": 1, "templates": 1, "forms": 1, "item_families": 2,
    }  # fmt: skip
    subject = SubjectFactory("深圳市清风茶艺馆")
    owner = reader_for(owner_of(subject))
    row = city.drafted("TH-NEW", subject, None, owner, grade="A")
    case = actions.submit(row, owner)
    for who, step, more in (
        (city.receiver, "accept", {}),
        (city.reviewer, "review", {"data": {"opinion": "符合条件"}}),
        (city.decider, "grant", {}),
    ):
        reader = reader_for(who)
        case = flow.fire(Case.objects.get(pk=case.pk), step, reader.actor(None, case.org_path), **more)
    drain()
    grant = Application.objects.get(pk=case.pk).result_grant
    assert grant.number == f"深茶{today().year}440304001" and grant.valid_to.year == today().year + 3 - (
        (today().month, today().day) == (1, 1)
    )
    made = {paper.template.code: paper for paper in documents.of_record("flow.case", case.pk)}
    assert "licences.teahouse" in made and made["licences.teahouse"].state == "ISSUED"
    verdict = documents.check_upload(documents.file_of(made["licences.teahouse"]))
    assert verdict.unchanged and ("等级", "一级") in verdict.document.lines

    gone = city.drafted("TH-CANCEL", subject, grant, owner, cause="STOPPED", no_investigation=True)
    actions.submit(gone, owner, key=uuid.uuid4().hex)
    drain()
    grant.refresh_from_db()
    assert grant.state == "CANCELLED" and Application.objects.get(pk=gone.pk).mode == "AUTO"


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("law_days: 3", "law_days: 3, promise_days: 9", ["item.yaml", "第 1 条", "TH-NEW", "承诺期限比法定期限长"]),
        ("unconfirmed: 试验用", "bases: [第三条]", ["TH-NEW", "“第三条”不是条文"]),
        ("kind: QR", "kind: XX", ["TH-NEW", "kind", "只能是"]),
        ("form: licensing.teahouse", "form: licensing.nobody", ["TH-NEW", "form", "licensing.nobody"]),
        ("licence: TEAHOUSE", "licence: NOBODY", ["TH-NEW", "licence", "NOBODY"]),
        ("use: item.matter", "use: item.nobody", ["item.yaml", "item.nobody"]),
        ("flags: [mobile, no_meet]", "flags: [auto]", ["TH-NEW", "秒办"]),
        ("line: CONSUMER", "lime: CONSUMER", ["TH-NEW", "lime", "核对拼写"]),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named_with_file_item_and_field_and_nothing_is_kept(
    city: City, tmp_path: Path, was: str, becomes: str, told: list[str]
) -> None:
    assert was in ITEM
    paths = written(tmp_path, kind=KIND, template=TEMPLATE, form=FORM, item=ITEM.replace(was, becomes))
    with pytest.raises(Refused) as caught:
        catalogue.load_files(paths)
    assert all(words in str(caught.value) for words in told), str(caught.value)
    assert items.item("TH-NEW") is None and items.licence_kind("TEAHOUSE") is None


def test_the_wording_of_a_released_item_cannot_change(city: City, tmp_path: Path) -> None:
    catalogue.load_files(written(tmp_path, kind=KIND, template=TEMPLATE, form=FORM, item=ITEM))
    later = written(tmp_path, item=ITEM.replace("茶艺馆等级认定", "茶馆等级认定"))
    with pytest.raises(Refused, match="已经发布，不能改动（name）"):
        catalogue.load_files(later)
    dated = ITEM.replace("茶艺馆等级认定", "茶馆等级认定").replace(
        "valid_from: 2026-01-01", "valid_from: 2026-02-01"
    )
    catalogue.load_files(written(tmp_path, item=dated))
    assert items.item("TH-NEW").name == "茶馆等级认定新办"

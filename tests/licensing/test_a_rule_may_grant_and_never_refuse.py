"""The boundary of automatic approval (DOMAIN 3.4): a table that could refuse is refused itself, at load and at release."""

from pathlib import Path

import pytest

from qipan.kernel.decisions.loading import TableRow, load_tables
from qipan.kernel.decisions.queries import table_version
from qipan.kernel.items.models import Item
from qipan.kernel.law import catalogue
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from tests.law.catalogues import load_catalogues

pytestmark = pytest.mark.django_db
TABLE = {
    "code": "test.refusing",
    "valid_from": "2026-01-05",
    "title": "会拒绝的表",
    "inputs": [{"name": "truthful", "title": "声明材料真实", "type": "boolean"}],
    "outputs": [
        {"name": "result", "title": "办理方式", "values": ["GRANT", "REFUSE"], "default": '"REFUSE"'}
    ],
    "rules": [{"when": ["true"], "then": ['"GRANT"'], "source": "Reg 19"}],
}
ITEM = """kind: item_families
rows:
  - code: ZZ
    valid_from: 2026-01-05
    name: 茶艺服务
    all: {use: [item.matter, by.district], line: LINE, unconfirmed: 试验用}
    items:
      - {use: item.report, code: TELL, name: 茶艺服务报告, table: "TABLE", flags: [FLAGS]}
"""


def load(
    tmp_path: Path, table: str = "", flags: str = "mobile, instant, no_meet", line: str = "TRADE"
) -> None:
    path = tmp_path / "item.yaml"
    path.write_text(ITEM.replace("TABLE", table).replace("FLAGS", flags).replace("LINE", line))
    catalogue.load_files([path])


def test_an_item_cannot_name_a_table_that_refuses(tmp_path: Path) -> None:
    load_catalogues()
    load_tables([TableRow.model_validate(TABLE)], Actor.system())
    with pytest.raises(Refused, match="ZZ-TELL 不对：秒办的决策表只能准予"):
        load(tmp_path, "test.refusing", "mobile, instant, auto, no_meet")


def test_a_new_version_of_an_items_table_cannot_refuse() -> None:
    load_catalogues()
    body = {**table_version("licensing.bx_reopen").body, "valid_from": "2030-01-01"}
    body["outputs"] = TABLE["outputs"]
    with pytest.raises(Refused, match="秒办的决策表只能准予"):
        load_tables([TableRow.model_validate(body)], Actor.system())
    body["outputs"] = [{**TABLE["outputs"][0], "values": ["GRANT", "PERSON"], "default": '"GRANT"'}]
    with pytest.raises(Refused, match="秒办的决策表只能准予"):
        load_tables([TableRow.model_validate(body)], Actor.system())


@pytest.mark.parametrize("line", ["FOOD", "DRUG", "DEVICE", "COSMETIC", "EQUIPMENT", "PRODUCT"])
def test_szcredit_59_what_bears_on_health_life_and_property_is_not_granted_on_a_promise(
    tmp_path: Path, line: str
) -> None:
    load_catalogues()
    with pytest.raises(Refused, match="不适用告知承诺"):
        load(tmp_path, flags="mobile, instant, no_meet, commitment", line=line)
    assert not Item.objects.filter(code="ZZ-TELL").exists()


def test_another_item_may_be_granted_on_a_promise(tmp_path: Path) -> None:
    load_catalogues()
    load(tmp_path, flags="mobile, instant, no_meet, commitment")
    assert Item.objects.get(code="ZZ-TELL").is_commitment

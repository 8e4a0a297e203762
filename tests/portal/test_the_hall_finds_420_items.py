"""办事大厅: items are found by words, line, kind, channel and speed; each guide shows what is and what is not confirmed."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from qipan.kernel.items import hall
from qipan.kernel.items.hall import Wish
from tests.law.catalogues import load_catalogues

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def loaded() -> None:
    load_catalogues()


def test_the_first_page_shows_the_lines_with_their_counts(client: Client) -> None:
    page = client.get(reverse("items")).content.decode()
    counts = [int(number) for number in re.findall(r"<small>(\d+) 项</small>", page)]
    assert sum(counts) == 420 and len(counts) >= 16
    badges = [int(number) for number in re.findall(r'<span class="badge">(\d+)</span>', page)]
    assert badges == [420, 269, 103, 54]


@pytest.mark.parametrize(
    ("query", "first", "total"),
    [
        ("q=电梯 使用登记", "电梯使用登记", None),
        ("line=DEVICE&speed=auto", "", None),
        ("kind=XK&q=食品经营", "食品经营许可变更", None),
        ("q=没有这样的事", "没有找到事项", 0),
        ("line=NOWHERE&speed=x&page=abc&kind=%00", "", 420),
    ],
)
def test_it_is_found_by_words_line_kind_and_speed(
    client: Client, query: str, first: str, total: int | None
) -> None:
    answer = client.get(f"{reverse('items')}?{query}")
    page = answer.content.decode()
    assert answer.status_code == 200 and first in page
    if total is not None and total < 420:
        assert f"找到 {total} 项" in page


def test_every_item_is_on_some_page_and_on_one_only() -> None:
    wish = Wish(channel="WEB")
    codes = []
    for page in range(1, hall.look(wish).pages + 1):
        codes += [item.code for item in hall.look(Wish(channel="WEB", page=page)).rows]
    assert len(codes) == len(set(codes)) == hall.look(wish).total > 400
    assert hall.look(Wish(channel="WEB", page=999)).rows == hall.look(Wish(channel="WEB", page=14)).rows


def test_counts_leave_their_own_filter_aside() -> None:
    found = hall.look(Wish(line="DRUG", speed="auto"))
    assert found.lines["DRUG"] == found.total and found.lines["FOOD"] > 0
    assert found.speeds[""] >= found.speeds["mobile"] >= found.speeds["auto"] == found.total


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("MD-NEW", ["第三类医疗器械经营许可新办", "医疗器械监督管理条例", "医疗器械经营许可证", "5 年", "现场核查"]),
        ("SE-LIFT-NEW", ["特种设备使用登记证", "长期", "法定期限", "15 个工作日"]),
        ("PL-WIRE-NEW", ["委托、下放本市实施的文件待核对", "60 个工作日"]),
        ("JT-FIRE", ["消防救援支队", "不颁发该部门的证照", "转办回执"]),
        ("BI-NEW", ["营业执照", "秒办", "同一主项的其他事项"]),
        ("FB-RENEW", ["食品经营许可延续", "九十个工作日"]),
    ],
)  # fmt: skip
def test_a_guide_says_conditions_results_and_what_is_unconfirmed(
    client: Client, code: str, words: list[str]
) -> None:
    page = client.get(reverse("item", args=[code])).content.decode()
    assert [word for word in words if word not in page] == []
    assert "国家基本编码待确认" in page


def test_every_guide_can_be_read(client: Client) -> None:
    from qipan.kernel.items.queries import items_for_public

    rows = items_for_public()
    for item in rows[:: max(1, len(rows) // 25)]:
        assert client.get(reverse("item", args=[item.code])).status_code == 200, item.code

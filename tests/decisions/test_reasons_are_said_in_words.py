"""Why a rule did not match: codes by their titles, and what was written in Chinese in the language of the page."""

import pytest
from django.utils import translation

from qipan.kernel.decisions import wording
from qipan.kernel.decisions.wording import condition_words, kept_words, reason, said_reason, words
from tests.law.catalogues import load_catalogues
from tests.law.names import CHINESE


def test_a_code_is_told_by_its_title() -> None:
    assert words("SUSPENDED", "grant_state") == "暂停" and words("SUSPENDED") == "SUSPENDED"
    assert (
        words(["VALID", "EXPIRED"], "grant_state")
        == "有效、已过期"
        == kept_words(["VALID", "EXPIRED"], "grant_state")
    )
    assert condition_words('"VALID","SUSPENDED"', "grant_state") == "有效 或 暂停"
    assert condition_words('not("REVOKED")', "subject_status") == "not(吊销)"
    assert words("SOMETHING", "grant_state") == "SOMETHING", "a code without a title stays"


@pytest.mark.django_db
def test_a_kind_of_licence_and_an_item_are_told_by_their_names() -> None:
    load_catalogues()
    assert words("JY", "grant_kind") == "食品经营许可证" and words("NONE", "grant_kind") == "NONE"
    assert condition_words('"FB-NEW"', "grant_item") == "食品经营许可（餐饮服务）新办"
    assert words("MORE", "cause") == "增加副本" and words("TRADE", "usage") == "贸易结算"
    assert words("BASIC", "last_conclusion") == "基本符合" and words("OTHER", "usage") == "OTHER"
    with translation.override("en"):
        assert not CHINESE.search(words("JY", "grant_kind") + words("FB-NEW", "grant_item"))


def test_what_is_no_code_is_told_as_it_is() -> None:
    assert condition_words("[15..90]", "grant_state") == "15 至 90" and condition_words("true") == "是"
    assert words(None, "grant_state") == "未知" and words(False) == "否" and words([]) == "无"


@pytest.mark.parametrize(
    ("column", "fact", "cell", "said"),
    [
        ("subject_status", "REVOKED", '"ACTIVE"', "主体状态：吊销（要求 存续）"),
        ("workdays_to_expiry", 7, "[15..90]", "主体状态：7（要求 15 至 90）"),
        ("grant_state", "EXPIRED", '"VALID","SUSPENDED"', "主体状态：已过期（要求 有效 或 暂停）"),
        ("in_abnormal_list", True, "false", "主体状态：是（要求 否）"),
    ],
)
def test_a_written_reason_is_said_in_english(column: str, fact: object, cell: str, said: str) -> None:
    written = reason("主体状态", column, fact, cell)
    assert written == said == said_reason(written)
    with translation.override("en"):
        assert not CHINESE.search(said_reason(written)) and "：" not in said_reason(written)
        assert said_reason(written) == reason(wording.said("主体状态"), column, fact, cell)


def test_another_sentence_is_said_whole_or_left() -> None:
    with translation.override("en"):
        assert said_reason("由谁也不知道的原因") == "由谁也不知道的原因"
        assert said_reason("已办结") == wording.said("已办结") != "已办结"

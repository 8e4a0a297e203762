"""The 54 automatic items as an applicant meets them: who applies, what is held, what is answered, and what sends it to a person.

Data only, for whoever walks them: the suite, a benchmark, a browser.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from qipan.kernel.ledger.clock import today

Answers = dict[str, Any]
HERE: Answers = {"premises": "深圳市福田区园岭街道红荔路88号首层", "street": "园岭街道"}
SITE: Answers = {
    "site": "清味到家",
    "domain": "example.cn",
    "telecom": "粤ICP备0000001号",
    "scope": "预包装食品",
}
INSTRUMENTS: Answers = {**HERE, "instruments": "电子计价秤 ACS-30 001", "count": "3", "usage": "TRADE"}
FOUND: Answers = {
    "new_name": "深圳市福田区清风小面馆",
    "new_domicile": "深圳市福田区园岭街道红荔路77号",
    "street": "园岭街道",
    "business_scope": "餐饮服务",
    "before": "true",
    "manager_name": "赵六",
    "manager_phone": "13700137000",
}
ENDED: Answers = {"cause": "STOPPED", "no_investigation": "true"}
LOST: Answers = {"cause": "LOST"}
CEASED: Answers = {"cause": "不再经营", "from_on": "2026-11-20", "settled": "true"}
SIMPLY: Answers = {"cause": "不再经营"} | dict.fromkeys(
    ("settled", "unencumbered", "no_investigation", "penalties_met"), "true"
)
FACES: Answers = {
    "main_format": "2",
    "items": ["HOT"],
    "marks": [],
    "rep": "王小明",
    "person": "王小明",
    "place": HERE["premises"],
    "scope": "按核准的范围",
    "standard": "电能表检定装置",
    "instrument": "电能表",
    "models": "DDS-1",
    "field": ["FOOD"],
    "category": "101",
}


@dataclass(frozen=True)
class Walk:
    """One item: who applies (`subject` facts), other grants that it `holds`, the `grant` it is about, the `answers`.

    `spoiled` are other answers that send it to a person; `reason` is a word of what the person is told.
    """

    item: str
    answers: Answers = field(default_factory=dict)
    grant: tuple[str, str] | None = None
    holds: tuple[str, ...] = ()
    subject: dict[str, Any] = field(default_factory=dict)
    spoiled: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    days: int | None = 60


def _year() -> str:
    return str(today().year - 1)


def _report(item: str, type: str) -> Walk:
    answers = {"year": _year(), "postal": "深圳市福田区园岭街道 518000", "operating": "OPEN"}
    return Walk(item, answers, subject={"type": type}, spoiled={"answers": {"year": str(today().year)}}, reason="报告年度")  # fmt: skip


def _file(item: str, answers: Answers, reason: str, *, scope: str = "", **more: Any) -> Walk:
    subject = {"type": "COMPANY", **({"business_scope": scope} if scope else {})}
    spoiled = more.pop("spoiled", {"subject": {"business_scope": "咨询服务"}})
    return Walk(item, answers, subject=subject, reason=reason, spoiled=spoiled, **more)


def _reissue(item: str, kind: str, origin: str = "", **more: Any) -> Walk:
    return Walk(
        item, LOST, grant=(kind, origin), spoiled={"data": {"name": "另一个名称"}}, reason="登记信息与原证一致",
        subject={"type": "COMPANY"}, **more,
    )  # fmt: skip


def _end(item: str, kind: str, origin: str = "", **more: Any) -> Walk:
    spoiled = more.pop("spoiled", {"data": {"domicile": "另一个住所"}})
    reason = more.pop("reason", "登记信息与原证一致")
    return Walk(
        item, ENDED, grant=(kind, origin), subject={"type": "COMPANY"}, spoiled=spoiled, reason=reason, **more
    )


def _in_days(days: int) -> str:
    return (today() + datetime.timedelta(days=days)).isoformat()


def walks() -> list[Walk]:
    """All 54."""
    return list(_walks())


def _walks() -> Iterator[Walk]:
    yield Walk("FB-RENEW", {"unchanged": "true"}, grant=("JY", "FB-NEW"), spoiled={"subject": {"risk_grade": "D"}}, reason="风险等级")  # fmt: skip
    yield Walk("FB-CHANGE", {"change_kinds": ["NAME"]}, grant=("JY", "FB-NEW"), spoiled={"answers": {"change_kinds": ["LAYOUT"], "change_note": "换灶台"}}, reason="减少经营项目")  # fmt: skip
    yield _reissue("FB-REISSUE", "JY", "FB-NEW")
    yield _end("FB-CANCEL", "JY", "FB-NEW", spoiled={"holds": ("CNET",)}, reason="自建网站备案")
    yield Walk("FF-NEW", {**HERE, "area": "30", "prepackaged_only": "true"}, spoiled={"subject": {"business_scope": "咨询服务"}}, reason="经营范围包含食品销售")  # fmt: skip
    yield _end("FF-CANCEL", "YB", "FF-NEW", days=None)
    yield _report("CR-YEAR", "COMPANY")
    yield _report("CR-YEARIND", "INDIVIDUAL")
    yield _report("CR-YEARCOOP", "FARMER_COOP")
    notice = {"happened_on": today().isoformat(), "report": "受到行政处罚的信息"}
    yield Walk("CR-NOTICE", notice, subject={"type": "COMPANY"}, spoiled={"answers": {"happened_on": "2026-06-01"}}, reason="工作日")  # fmt: skip
    yield _file(
        "DN-FILE", {**SITE, "scope": "乙类非处方药"}, "药品零售许可", holds=("YDLS",), spoiled={"holds": ()}
    )
    yield _end("DN-CANCEL", "YDNET", "DN-FILE", days=None)
    yield _end(
        "MP-GOODS-CANCEL", "QX1P", "MP-GOODS-FILE", days=None, spoiled={"holds": ("QX1M",)}, reason="生产备案"
    )
    yield _end("MP-MAKER-CANCEL", "QX1M", "MP-MAKER-FILE", days=None, spoiled={"holds": ("QXNET",)}, reason="网络销售备案")  # fmt: skip
    trade = {
        **HERE,
        "mode": "RETAIL",
        "scope": "6815",
        "person": "本科",
        "warehouse": "不设库房",
        "stored": "true",
    }
    yield _file("MT-TWO-FILE", trade, "经营范围包含医疗器械", scope="医疗器械销售")
    yield _end(
        "MT-TWO-CANCEL", "QX2", "MT-TWO-FILE", days=None, spoiled={"holds": ("QXNET",)}, reason="网络销售备案"
    )
    yield _file("MT-NET-FILE", SITE, "医疗器械注册人", holds=("QX2",), spoiled={"holds": ()})
    yield _end("MT-NET-CANCEL", "QXNET", "MT-NET-FILE", days=None)
    yield _reissue("MD-REISSUE", "QX3", "MD-NEW")
    yield _end("MD-CANCEL", "QX3", "MD-NEW", spoiled={"holds": ("QXNET",)}, reason="网络销售备案")
    yield _reissue("FW-REISSUE", "XZF", "FW-NEW")
    yield _file(
        "FN-STORE-FILE", {**HERE, "scope": "冷冻食品贮存"}, "经营范围包含仓储", scope="仓储服务；冷链物流"
    )
    yield _end("FN-STORE-CANCEL", "FSTORE", "FN-STORE-FILE", days=None)
    yield _file("FN-SITE-FILE", SITE, "食品生产、经营许可", holds=("JY",), spoiled={"holds": ()})
    yield _end("FN-SITE-CANCEL", "FNET", "FN-SITE-FILE", days=None)
    yield _file("FN-CATER-FILE", SITE, "餐饮服务（食堂）许可", holds=("JY",), spoiled={"holds": ("YB",)})
    yield _end("FN-CATER-CANCEL", "CNET", "FN-CATER-FILE", days=None)
    yield _file("FN-BRANCH-FILE", {**HERE, "scope": "深圳市"}, "网络平台服务", scope="互联网平台服务")
    yield _end("FN-BRANCH-CANCEL", "CPLAT", "FN-BRANCH-FILE", days=None)
    yield _reissue("FP-FOOD-REISSUE", "SC", "FP-FOOD-NEW")
    yield _end("FP-FOOD-CANCEL", "SC", "FP-FOOD-NEW", spoiled={"holds": ("FNET",)}, reason="自建网站备案")
    yield _reissue("FP-ADD-REISSUE", "SCADD", "FP-ADD-NEW")
    yield _end("FP-ADD-CANCEL", "SCADD", "FP-ADD-NEW")
    for level in ("PUBLIC", "DEPT", "FIRM"):
        yield Walk(f"MS-{level}-REISSUE", LOST, grant=("JLBZ", f"MS-{level}-NEW"), spoiled={"origin": "MS-OTHER-NEW"}, reason="原证由哪个事项办理")  # fmt: skip
    yield _reissue("MY-REISSUE", "JLXS", "MY-NEW", days=None)
    yield _file("MF-USER-FILE", INSTRUMENTS, "地址在本市辖区内", spoiled={"answers": {"premises": "某某路1号", "street": "某某街道"}})  # fmt: skip
    yield _file("MF-MARKET-FILE", INSTRUMENTS, "经营范围包含市场经营", scope="农贸市场经营管理")
    yield _file("MF-STATION-FILE", INSTRUMENTS, "经营范围包含成品油零售", scope="成品油零售")
    yield _file(
        "MF-OPTICIAN-FILE", {**INSTRUMENTS, "usage": "MEDICAL"}, "眼镜制配", scope="眼镜销售；验光服务"
    )
    for owner in ("USER", "MARKET", "STATION", "OPTICIAN"):
        yield _end(f"MF-{owner}-CANCEL", "JLBA", f"MF-{owner}-FILE", days=None, spoiled={"origin": "MF-OTHER-FILE"}, reason="原证由哪个事项办理")  # fmt: skip
    yield _reissue("CM-REISSUE", "CMA", "CM-NEW")
    yield Walk("BI-NEW", FOUND, spoiled={"answers": {"business_scope": "危险化学品经营"}}, reason="须先批准")
    yield Walk("BI-END", CEASED, spoiled={"holds": ("JY",)}, reason="其他有效的许可")
    yield Walk(
        "BX-SIMPLE",
        SIMPLY,
        subject={"type": "COMPANY"},
        spoiled={"answers": {"penalties_met": ""}},
        reason="尚未执行完毕的行政处罚",
    )
    yield Walk(
        "BX-PAUSE",
        {"cause": "水浸停业", "from_on": _in_days(0), "until_on": _in_days(300)},
        spoiled={"answers": {"until_on": _in_days(4 * 365)}},
        reason="不超过三年",
    )
    yield Walk(
        "BX-REOPEN",
        CEASED,
        subject={"status": "SUSPENDED"},
        spoiled={"mark": "SERIOUS_LIST"},
        reason="严重违法",
    )
    yield Walk("BX-REPRINT", LOST, spoiled={"answers": {"cause": "MORE"}}, reason="原因")
    yield Walk(
        "BX-COPIES", {"cause": "MORE", "copies": "2"}, spoiled={"answers": {"cause": "LOST"}}, reason="原因"
    )
    liaison = {"record": "联络员变更为王小明", "resolved_on": today().isoformat()}
    yield Walk("BX-LIAISON", liaison, spoiled={"answers": {"resolved_on": "2026-06-01"}}, reason="变更之日起")

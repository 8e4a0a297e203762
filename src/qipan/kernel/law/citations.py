"""Citing an article of law: short names, reading and writing of citations."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

#: The short names that catalogues and code use, and the names of the texts (DOMAIN 0).
SHORT_NAMES = {
    "FSL": "中华人民共和国食品安全法",
    "FSLR": "中华人民共和国食品安全法实施条例",
    "Licence": "中华人民共和国行政许可法",
    "PenLaw": "中华人民共和国行政处罚法",
    "LicProc": "市场监督管理行政许可程序暂行规定",
    "FBL15": "食品经营许可管理办法",
    "FBL23": "食品经营许可和备案管理办法",
    "FPL": "食品生产许可管理办法",
    "Insp": "食品生产经营监督检查管理办法",
    "Samp": "食品安全抽样检验管理办法",
    "PenProc": "市场监督管理行政处罚程序规定",
    "Hearing": "市场监督管理行政处罚听证办法",
    "PenPub": "市场监督管理行政处罚信息公示规定",
    "SVL": "市场监督管理严重违法失信名单管理办法",
    "C&R": "市场监督管理投诉举报处理暂行办法",
    "Reg": "中华人民共和国市场主体登记管理条例",
    "RegDet": "中华人民共和国市场主体登记管理条例实施细则",
    "Disc": "企业信息公示暂行条例",
    "Abn": "企业经营异常名录管理暂行办法",
    "BizEnv": "优化营商环境条例",
    "GDMR": "广东省市场监管条例",
    "Online": "国务院关于在线政务服务的若干规定",
    "SZCredit": "深圳经济特区社会信用条例",
    "NetCatering": "网络餐饮服务食品安全监督管理办法",
    "School": "学校食品安全与营养健康管理规定",
    "Duty": "企业落实食品安全主体责任监督管理规定",
    "Esign": "中华人民共和国电子签名法",
    "Recall": "食品召回管理办法",
    "Equip": "中华人民共和国特种设备安全法",
    "Company": "中华人民共和国公司法",
    "Partnership": "中华人民共和国合伙企业法",
    "SoleProp": "中华人民共和国个人独资企业法",
    "Coop": "中华人民共和国农民专业合作社法",
    "Capital": "国务院关于实施《公司法》注册资本登记管理制度的规定",
    "Name": "企业名称登记管理规定",
    "Pledge": "股权出质登记办法",
    "Individual": "促进个体工商户发展条例",
    "IndReport": "个体工商户年度报告暂行办法",
    "CoopReport": "农民专业合作社年度报告公示暂行办法",
    "OpenInfo": "中华人民共和国政府信息公开条例",
    "NetFood": "网络食品安全违法行为查处办法",
    "AgriMarket": "食用农产品市场销售质量安全监督管理办法",
    "FoodContact": "食品相关产品质量安全监督管理暂行办法",
    "Health": "保健食品注册与备案管理办法",
    "DrugLaw": "中华人民共和国药品管理法",
    "DrugReg": "中华人民共和国药品管理法实施条例",
    "DrugLicence": "药品经营许可证管理办法",
    "DrugNet": "药品网络销售监督管理办法",
    "DrugInfo": "互联网药品信息服务管理办法",
    "DeviceReg": "医疗器械监督管理条例",
    "DeviceTrade": "医疗器械经营监督管理办法",
    "DeviceNet": "医疗器械网络销售监督管理办法",
    "CosmeticReg": "化妆品监督管理条例",
    "CosmeticTrade": "化妆品生产经营监督管理办法",
    "EquipReg": "特种设备安全监察条例",
    "EquipWorker": "特种设备作业人员监督管理办法",
    "Metrology": "中华人民共和国计量法",
    "MetrologyReg": "中华人民共和国计量法实施细则",
    "Verification": "中华人民共和国强制检定的工作计量器具检定管理办法",
    "MarketScale": "集贸市场计量监督管理办法",
    "PackedGoods": "定量包装商品计量监督管理办法",
    "GasStation": "加油站计量监督管理办法",
    "Optician": "眼镜制配计量监督管理办法",
    "TestingBody": "检验检测机构资质认定管理办法",
    "CertReg": "中华人民共和国认证认可条例",
    "CCC": "强制性产品认证管理规定",
    "ProductReg": "中华人民共和国工业产品生产许可证管理条例",
    "ProductRule": "中华人民共和国工业产品生产许可证管理条例实施办法",
    "SpotCheck": "产品质量监督抽查管理暂行办法",
    "GoodsRecall": "消费品召回管理暂行规定",
    "Standard": "中华人民共和国标准化法",
    "Trademark": "中华人民共和国商标法",
    "TrademarkReg": "中华人民共和国商标法实施条例",
    "AdReview": "药品、医疗器械、保健食品、特殊医学用途配方食品广告审查管理暂行办法",
    "NetTrade": "网络交易监督管理办法",
    "ECommerce": "中华人民共和国电子商务法",
    "Consumer": "中华人民共和国消费者权益保护法",
    "ContractRule": "合同行政监督管理办法",
    "SecretRule": "关于禁止侵犯商业秘密行为的若干规定",
    "FairReview": "公平竞争审查条例",
}

#: Texts of which a newer one is in force that the library does not hold; shown wherever they are cited.
GAPS = {
    "食品经营许可管理办法": _(
        "现行文本为《食品经营许可和备案管理办法》（2023年12月1日起施行），法规库暂无全文，引用须由专人核对。"
    ),
    "食品经营许可和备案管理办法": _("法规库暂无全文，引用须由专人核对。"),
    "企业信息公示暂行条例": _("2024年5月1日起施行修改后的条例，法规库文本为修改前。"),
    "企业经营异常名录管理暂行办法": _("2025年已修订，法规库文本为修订前。"),
    "中华人民共和国食品安全法": _("2025年修改并自2025年12月1日起施行，法规库文本为2021年文本。"),
    "食用农产品市场销售质量安全监督管理办法": _("2023年12月1日起施行新办法，法规库文本为旧文本。"),
}

DIGITS = "零一二三四五六七八九"
PATTERN = re.compile(
    r"^(?P<law>[A-Za-z&]+[0-9]*)\s+(?P<article>\d+)(?:\((?P<paragraph>\d+)\))?(?:\[(?P<item>\d+)\])?$"
)
PACKED = re.compile(r"^(?P<law>[A-Za-z&]+?)(?P<article>\d+)$")


def in_chinese(number: int) -> str:
    """A number from 1 to 9999 as articles are counted: 35 → 三十五, 10 → 十, 110 → 一百一十."""
    if not 1 <= number <= 9999:
        raise ValueError(f"{number}: articles run from 1 to 9999")
    parts: list[str] = []
    zero = False
    for power, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // power % 10
        if digit:
            if zero and parts:
                parts.append("零")
            parts.append(("" if power == 10 and digit == 1 and not parts else DIGITS[digit]) + name)
            zero = False
        elif parts:
            zero = True
    return "".join(parts)


def from_chinese(text: str) -> int:
    """The number of an article label such as 第三十五条 (第三十五条之一 counts as 三十五); raises ValueError."""
    body = text.split("条")[0].removeprefix("第")
    total, digit = 0, 0
    for sign in body:
        if sign in DIGITS:
            digit = DIGITS.index(sign)
        elif sign in "十百千":
            total += (digit or 1) * {"十": 10, "百": 100, "千": 1000}[sign]
            digit = 0
        elif sign.isdigit():
            digit = digit * 10 + int(sign)
        else:
            raise ValueError(f"{text}: not the number of an article")
    total += digit
    if total == 0:
        raise ValueError(f"{text}: not the number of an article")
    return total


@dataclass(frozen=True)
class Citation:
    """An article of a law: `law` is a short name or the full name, `paragraph` (款) and `item` (项) may be 0."""

    law: str
    article: int
    paragraph: int = 0
    item: int = 0

    @classmethod
    def parse(cls, text: str) -> "Citation":
        """Read `FSL 35`, `FSL 35(2)`, `FSL 35(2)[1]` or `Insp39`; raises ValueError for anything else."""
        found = PATTERN.match(text.strip()) or PACKED.match(text.strip())
        if not found:
            raise ValueError(gettext("“%(text)s”不是条文：写简称和条号，例如 FSL 35。") % {"text": text})
        parts = found.groupdict()
        return cls(
            parts["law"], int(parts["article"]), int(parts.get("paragraph") or 0), int(parts.get("item") or 0)
        )

    @property
    def law_name(self) -> str:
        """The full name of the law."""
        return SHORT_NAMES.get(self.law, self.law)

    @property
    def label(self) -> str:
        """第三十五条."""
        return f"第{in_chinese(self.article)}条"

    @property
    def gap(self) -> str:
        """What must be known of the text's version; empty when nothing is."""
        return gettext(GAPS[self.law_name]) if self.law_name in GAPS else ""

    def __str__(self) -> str:
        name = self.law_name.removeprefix("中华人民共和国")
        text = f"《{name}》{self.label}"
        if self.paragraph:
            text += f"第{in_chinese(self.paragraph)}款"
        if self.item:
            text += f"第（{in_chinese(self.item)}）项"
        return text

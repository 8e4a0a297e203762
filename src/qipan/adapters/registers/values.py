"""Values as registers write them: dates in many spellings, amounts with separators, codes in full width."""

import datetime
import functools
import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext_noop

from qipan.kernel.law.citations import DIGITS
from qipan.kernel.subjects.codes import FULL_WIDTH
from qipan.kernel.subjects.models import Status, SubjectType

#: What Excel makes of a long number: its last digits are gone for good.
SCIENTIFIC = re.compile(r"^\d(\.\d+)?[Ee]\+?\d{2}$")
SHAPES = {
    "USCC": (r"[0-9A-Z]{18}", gettext_noop("应为 18 位数字或者大写字母")),
    "REG_NO": (r"\d{13}|\d{15}", gettext_noop("应为 15 位（旧号 13 位）数字")),
    "ORG_CODE": (r"[0-9A-Z]{8}[0-9X]", gettext_noop("应为 9 位数字或者大写字母")),
    "LICENCE": (r"[0-9A-Z\u4e00-\u9fff〔〕\[\]()]{4,40}", gettext_noop("应为 4 至 40 位")),
    "ACCOUNT": (r".{1,40}", gettext_noop("应为 1 至 40 位")),
}
LOOKALIKES = str.maketrans("IOSVZ", "10527")
EPOCH = datetime.datetime(1899, 12, 30)
EARLIEST, LATEST = datetime.date(1900, 1, 1), datetime.date(2100, 12, 31)
#: Excel counts days; between these numbers lie 1954 and 2119, so no year and no whole date is taken for one.
SERIALS = range(20_000, 80_000)
UNSEEN = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060\ufeff\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
FULL_DATE = re.compile(r"^(\d{4})\D{1,3}(\d{1,2})\D{1,3}(\d{1,2})日?(?:[\sT].*)?$")
PACKED_DATE = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
NO_DATE = frozenset(
    {"", "-", "--", "/", "无", "长期", "永久", "不限", "无固定期限", "0", "null", "none", "n/a", "nan"}
)
NOTHING = frozenset({"-", "--", "—", "/", "无", "null", "none", "n/a", "nan", "#n/a", "\\n", "暂无"})
AMOUNT = re.compile(r"^([¥￥$]?)\s*([+-]?[\d,]*\.?\d+)\s*(亿|万|千|)\s*(元|圆|)(?:整|)\s*(.*)$")
CURRENCIES = {
    "": "", "人民币": "CNY", "cny": "CNY", "rmb": "CNY", "美元": "USD", "美金": "USD", "usd": "USD", "港元": "HKD",
    "港币": "HKD", "hkd": "HKD", "欧元": "EUR", "eur": "EUR", "日元": "JPY", "jpy": "JPY", "英镑": "GBP", "台币": "TWD",
    "新台币": "TWD",
}  # fmt: skip
TYPES = (
    ("个体", SubjectType.INDIVIDUAL), ("农民专业合作", SubjectType.FARMER_COOP), ("合作社", SubjectType.FARMER_COOP),
    ("个人独资", SubjectType.SOLE_PROP), ("合伙", SubjectType.PARTNERSHIP), ("外国公司", SubjectType.FOREIGN_BRANCH),
    ("外国（地区）企业", SubjectType.FOREIGN_BRANCH), ("非公司", SubjectType.NONCORP_LEGAL),
    ("全民所有制", SubjectType.NONCORP_LEGAL), ("集体所有制", SubjectType.NONCORP_LEGAL),
    ("股份合作", SubjectType.NONCORP_LEGAL), ("机关", SubjectType.INSTITUTION), ("事业单位", SubjectType.INSTITUTION),
    ("学校", SubjectType.INSTITUTION), ("公司", SubjectType.COMPANY), ("有限责任", SubjectType.COMPANY),
    ("股份有限", SubjectType.COMPANY), ("企业法人", SubjectType.COMPANY),
)  # fmt: skip
STATUSES = (
    ("依职权注销", Status.EX_OFFICIO_CANCELLED), ("注销中", Status.CANCELLING), ("拟注销", Status.CANCELLING),
    ("未注销", Status.REVOKED), ("吊销", Status.REVOKED), ("除名", Status.STRUCK_OFF), ("撤销", Status.ANNULLED),
    ("注销", Status.CANCELLED), ("歇业", Status.SUSPENDED), ("存续", Status.ACTIVE), ("在营", Status.ACTIVE),
    ("开业", Status.ACTIVE), ("在业", Status.ACTIVE), ("正常", Status.ACTIVE), ("登记成立", Status.ACTIVE),
    ("有效", Status.ACTIVE),
)  # fmt: skip


class Unreadable(ValueError):
    """A value that cannot be read as what it should be."""


def text_of(cell: Any) -> str:
    """A cell as text: composed characters, no unseen signs, blanks at the ends and doubled blanks gone.

    Full-width letters and digits stay as they are (a name may want them); codes and numbers fold them.
    """
    if cell is None:
        return ""
    if type(cell) is str:
        return _tidy(cell)
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat(" ")
    return _tidy(str(cell))


@functools.lru_cache(maxsize=20_000)  # most cells of a register hold one of few values
def _tidy(text: str) -> str:
    text = UNSEEN.sub("", text)
    text = unicodedata.normalize("NFC", text).replace("\u3000", " ").replace("\xa0", " ")
    text = " ".join(text.split()).removeprefix("'")
    return "" if text.lower() in NOTHING else text


def half(text: str) -> str:
    """Full-width letters, digits and marks as half-width ones."""
    return text.translate(FULL_WIDTH)


def date_of(cell: Any, formats: list[str], epoch: datetime.datetime = EPOCH) -> datetime.date | None:
    """A date; None for an empty cell or one that says "for ever". Raises Unreadable for what is no date or not sure.

    Read are Excel dates and serial numbers, `2018-5-4`, `2018/05/04`, `2018.5.4`, `2018年5月4日`, `20180504`,
    二〇一八年五月四日 and the same with a time; `5/4/2018` only with a format, because nobody knows what it means.
    """
    if isinstance(cell, datetime.datetime):
        return _sane(cell.date())
    if isinstance(cell, datetime.date):
        return _sane(cell)
    text = half(text_of(cell))
    if text.lower() in NO_DATE:
        return None
    for form in formats:
        try:
            return _sane(datetime.datetime.strptime(text, form).date())
        except ValueError:
            continue
    if found := PACKED_DATE.match(text) or FULL_DATE.match(_arabic(text)):
        year, month, day = (int(part) for part in found.groups()[:3])
        try:
            return _sane(datetime.date(year, month, day))
        except ValueError:
            raise Unreadable(text) from None
    if re.fullmatch(r"\d{5}(\.\d+)?", text) and int(float(text)) in SERIALS:
        return _sane((epoch + datetime.timedelta(days=int(float(text)))).date())
    raise Unreadable(text)


def _sane(day: datetime.date) -> datetime.date:
    if not EARLIEST <= day <= LATEST:
        raise Unreadable(day.isoformat())
    return day


def _arabic(text: str) -> str:
    """Chinese numerals of a date in digits: 二〇一八年十二月三十一日 → 2018年12月31日."""
    if not any(sign in text for sign in DIGITS + "〇○十"):
        return text
    parts = re.split(r"([年月日号])", text.replace("〇", "零").replace("○", "零").replace("廿", "二十"))
    return "".join(_numeral(part) for part in parts)


def _numeral(part: str) -> str:
    if not part or any(sign not in DIGITS + "十" for sign in part):
        return part
    if "十" in part:
        tens, ones = part.split("十", 1)
        return str((DIGITS.index(tens) if tens else 1) * 10 + (DIGITS.index(ones) if ones else 0))
    return "".join(str(DIGITS.index(sign)) for sign in part)


def number_of(cell: Any, *, places: int, low: float, high: float) -> Decimal | None:
    """A number with `places` decimals between two bounds; thousands separators and units of area may stand."""
    text = half(text_of(cell)).replace(",", "").replace(" ", "")
    text = re.sub(r"(平方米|平米|㎡|m2|m²|度|°)$", "", text, flags=re.I)
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Unreadable(text) from None
    if not value.is_finite() or not Decimal(str(low)) <= value <= Decimal(str(high)):
        raise Unreadable(text)
    return value.quantize(Decimal(1).scaleb(-places))


def capital_of(cell: Any, unit: str) -> tuple[Decimal | None, str]:
    """Capital in 万元 and its currency (empty where none is named). `unit` is that of a bare number.

    Reads `100`, `1,000,000元`, `100万人民币`, `￥50万`, `1.2亿元`, `100(万元)`, `10万美元`.
    """
    text = half(text_of(cell)).replace("，", ",")
    text = re.sub(r"[()（）]", "", text)
    if not text:
        return None, ""
    front = re.match(r"^(人民币|美元|港币|港元|欧元|日元|usd|cny|rmb|hkd)\s*(.+)$", text, re.I)
    currency = ""
    if front:
        currency, text = CURRENCIES[front[1].lower()], front[2]
    found = AMOUNT.match(text)
    if not found:
        raise Unreadable(text)
    sign, digits, scale, yuan, rest = found.groups()
    rest = rest.strip().lower()
    if rest not in CURRENCIES:
        raise Unreadable(text)
    try:
        value = Decimal(digits.replace(",", ""))
    except InvalidOperation:
        raise Unreadable(text) from None
    if scale:
        value *= {"亿": 10_000, "万": 1, "千": Decimal("0.1")}[scale]
    elif yuan or sign or unit == "元":
        value /= 10_000
    if value < 0 or value >= Decimal(10) ** 14:
        raise Unreadable(text)
    return value.quantize(Decimal("0.0001")), CURRENCIES[rest] or currency or ("USD" if sign == "$" else "")


def type_of(text: str) -> SubjectType | None:
    """The kind of subject that words mean; None for empty or unknown words."""
    return next((kind for words, kind in TYPES if words in text), None) if text else None


def type_by_code(uscc: str) -> SubjectType | None:
    """The kind of subject that the first two signs of a credit code mean (GB 32100)."""
    by_head = {"92": SubjectType.INDIVIDUAL, "93": SubjectType.FARMER_COOP, "91": SubjectType.COMPANY}
    if uscc[:1] in {"1", "5"}:
        return SubjectType.INSTITUTION
    return by_head.get(uscc[:2])


def status_of(text: str) -> Status | None:
    """The status that words mean; None for unknown words."""
    if text in Status.values:
        return Status(text)
    return next((status for words, status in STATUSES if words in text), None)

"""How personal data is shown to those who need not read it (脱敏)."""

from dataclasses import dataclass

COMPOUND_SURNAMES = frozenset(
    [
        "欧阳",
        "太史",
        "端木",
        "上官",
        "司马",
        "东方",
        "独孤",
        "南宫",
        "万俟",
        "闻人",
        "夏侯",
        "诸葛",
        "尉迟",
        "公羊",
        "赫连",
        "澹台",
        "皇甫",
        "宗政",
        "濮阳",
        "公冶",
        "太叔",
        "申屠",
        "公孙",
        "慕容",
        "仲孙",
        "钟离",
        "长孙",
        "宇文",
        "司徒",
        "鲜于",
        "司空",
        "令狐",
    ]
)


@dataclass(frozen=True)
class MaskedPerson:
    """A person as anyone may see one: `张*`, `4403011990****1234`, `138****1234`."""

    name: str = ""
    id_number: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""


def name(text: str) -> str:
    """The surname and a star for every further character: 张三 → 张*, 欧阳修 → 欧阳*, 李明明 → 李**."""
    kept = 2 if len(text) > 2 and text[:2] in COMPOUND_SURNAMES else 1
    return text[:kept] + "*" * max(len(text) - kept, 1) if text else ""


def id_number(text: str) -> str:
    """Digits 11 to 14 hidden (month and day of birth), as licences of individuals print it; others keep 2 + 2."""
    if len(text) == 18:
        return f"{text[:10]}****{text[14:]}"
    return _middle(text, 2, 2)


def phone(text: str) -> str:
    """The four digits in the middle hidden: 138****1234; a short number keeps only its last two digits."""
    if len(text) == 11:
        return f"{text[:3]}****{text[7:]}"
    return _middle(text, 0, 2)


def email(text: str) -> str:
    """The first character of the name and the host: z***@example.cn."""
    box, at, host = text.partition("@")
    return f"{box[:1]}***{at}{host}" if at else _middle(text, 1, 0)


def address(text: str) -> str:
    """Up to and with the sub-district or town (街道, 镇, 乡), else the first six characters."""
    for ending in ("街道", "镇", "乡"):
        head, found, _ = text.partition(ending)
        if found and head:
            return f"{head}{ending}***"
    return f"{text[:6]}***" if text else ""


def _middle(text: str, left: int, right: int) -> str:
    if not text:
        return ""
    hidden = max(len(text) - left - right, 1)
    return text[:left] + "*" * hidden + (text[-right:] if right and len(text) > left + right else "")

"""Which column means what: guessed for the headings that Chinese registers commonly use, always shown to the user."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from qipan.kernel.subjects.codes import FULL_WIDTH

#: Our field → the headings it goes by (without blanks and brackets).
COMMON: dict[str, tuple[str, ...]] = {
    "name": (
        "名称",
        "企业名称",
        "主体名称",
        "市场主体名称",
        "单位名称",
        "商户名称",
        "经营者名称",
        "企业字号名称",
        "字号名称",
        "公司名称",
        "机构名称",
        "店铺名称",
        "门店名称",
        "食品经营者名称",
        "企业名称或字号",
        "name",
        "companyname",
    ),
    "uscc": (
        "统一社会信用代码",
        "社会信用代码",
        "信用代码",
        "统一信用代码",
        "统一代码",
        "统一社会信用代码/注册号",
        "统一社会信用代码注册号",
        "社会信用代码证号",
        "uscc",
    ),
    "reg_no": ("注册号", "工商注册号", "营业执照号", "营业执照注册号", "执照号", "营业执照编号", "regno"),
    "org_code": ("组织机构代码", "机构代码", "组织代码"),
    "licence_no": (
        "许可证号",
        "许可证编号",
        "食品经营许可证号",
        "食品经营许可证编号",
        "经营许可证编号",
        "备案编号",
        "许可证书编号",
    ),
    "type": ("主体类型", "企业类型", "类型", "市场主体类型", "公司类型", "经济性质", "单位性质"),
    "status": ("状态", "登记状态", "经营状态", "企业状态", "主体状态", "存续状态"),
    "industry": ("行业代码", "行业", "国民经济行业代码", "行业类别代码"),
    "business_scope": ("经营范围", "经营项目", "业务范围"),
    "capital": ("注册资本", "注册资金", "出资额", "注册资本金"),
    "established_on": ("成立日期", "设立日期", "注册日期", "登记日期", "开业日期", "成立时间", "注册时间"),
    "approved_on": ("核准日期", "核准时间", "发照日期", "最近核准日期"),
    "term_to": ("经营期限至", "营业期限至", "有效期至", "经营期限止", "营业期限止"),
    "domicile": ("住所", "注册地址", "登记住所", "企业住所", "住址", "单位地址", "企业地址"),
    "address": (
        "经营场所",
        "经营地址",
        "经营场所地址",
        "地址",
        "详细地址",
        "店铺地址",
        "实际经营地址",
        "营业地址",
    ),
    "premises_name": ("场所名称", "招牌", "门头", "招牌名称", "店招"),
    "street": ("街道", "所属街道", "街镇", "镇街", "所在街道"),
    "division_code": ("行政区划代码", "区划代码", "行政区划"),
    "office": ("监管所", "管辖单位", "所属监管所", "监管机构", "管辖机构", "所属机构", "辖区所"),
    "longitude": ("经度", "lng", "lon", "longitude"),
    "latitude": ("纬度", "lat", "latitude"),
    "area_m2": ("面积", "经营面积", "营业面积", "建筑面积", "场所面积"),
    "legal_rep": (
        "法定代表人",
        "法人代表",
        "法人",
        "负责人",
        "法定代表人负责人",
        "法定代表人/负责人",
        "经营者",
        "经营者姓名",
        "法定代表人姓名",
        "投资人",
        "负责人姓名",
        "法人姓名",
    ),
    "id_number": ("身份证号", "身份证号码", "证件号码", "法人身份证号", "法定代表人证件号码", "身份证"),
    "phone": ("联系电话", "电话", "手机", "手机号", "手机号码", "联系方式", "电话号码"),
    "email": ("邮箱", "电子邮箱", "电子邮件", "email"),
}
#: Columns that only number the rows.
IDLE = frozenset({"序号", "编号", "行号", "no", "id"})
HEADER_WITHIN = 12


def plain(heading: Any) -> str:
    """A heading as it is compared: half-width, lower case, without blanks, marks, and what stands in brackets."""
    text = str("" if heading is None else heading).translate(FULL_WIDTH).replace("\ufeff", "")
    text = re.sub(r"[(\[【<〈].*?[)\]】>〉]", "", text)
    return re.sub(r"[\s*:：、_\-·.]", "", text).lower()


BY_HEADING = {plain(heading): name for name, headings in COMMON.items() for heading in headings}


@dataclass(frozen=True)
class Header:
    """The header of a table: the names of its columns, and the line after which the rows begin.

    `aliases` gives further names to columns below a merged heading (`经营场所/地址`).
    """

    names: tuple[str, ...]
    last_line: int
    aliases: dict[str, int]

    def places(self) -> dict[str, int]:
        """Heading → column; of equal headings the first counts."""
        found: dict[str, int] = {}
        for place, name in enumerate(self.names):
            if name:
                found.setdefault(name, place)
        return {**self.aliases, **found}


def guess(names: Iterable[str]) -> dict[str, str]:
    """Field → heading, for the headings that are known; the first column that fits a field has it."""
    found: dict[str, str] = {}
    for name in names:
        field = BY_HEADING.get(plain(name)) or BY_HEADING.get(plain(name.split("/")[-1]))
        if field:
            found.setdefault(field, name)
    return found


def find_header(
    rows: Sequence[tuple[int, Sequence[Any]]], wanted: frozenset[str] = frozenset()
) -> Header | None:
    """The header among the first rows: the row, or the two rows one above the other, with the most known headings.

    `wanted` are the headings that a mapping names; without them the common ones count. None where no row has a name
    column or two known headings.
    """
    best: tuple[int, int, Header] | None = None
    for at, (line, cells) in enumerate(rows[:HEADER_WITHIN]):
        single = Header(tuple(_text(cell) for cell in cells), line, {})
        offers = [(0, single)]
        if at + 1 < len(rows):
            offers.append((1, _two_rows(cells, rows[at + 1])))
        for cost, header in offers:
            score = _score(header, wanted)
            if score and (best is None or (score, -cost) > (best[0], -best[1])):
                best = (score, cost, header)
    return best[2] if best else None


def _text(cell: Any) -> str:
    return " ".join(str("" if cell is None else cell).replace("\ufeff", "").split())


def _two_rows(above: Sequence[Any], below: tuple[int, Sequence[Any]]) -> Header:
    line, cells = below
    names, aliases, group = [], {}, ""
    for place in range(max(len(above), len(cells))):
        upper = _text(above[place]) if place < len(above) else ""
        lower = _text(cells[place]) if place < len(cells) else ""
        group = upper or group
        names.append(lower or upper)
        if lower and group:
            aliases.setdefault(f"{group}/{lower}", place)
    return Header(tuple(names), line, aliases)


def _score(header: Header, wanted: frozenset[str]) -> int:
    if wanted:
        return sum(plain(name) in wanted for name in header.places())
    found = guess(header.names)
    return len(found) if "name" in found and len(found) >= 2 else 0

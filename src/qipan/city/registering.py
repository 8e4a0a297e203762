"""One block of subjects: who they are, where they stand, their codes, marks and states, as columns."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qipan.city import codes, naming, shape
from qipan.city.copying import NULL, Ref, Sheet, array_text, days
from qipan.city.dice import Dice
from qipan.city.industries import COOP, EVERY, FOREIGN, INDUSTRIES, SCHOOL
from qipan.city.places import Place
from qipan.city.shape import Plan
from qipan.kernel.subjects import searching
from qipan.kernel.subjects.models import Identifier, Mark, Premises, StatusChange, Subject

OLD_NUMBERS_UNTIL = np.datetime64("2015-10-01")
GROUNDS = (
    "未按照规定的期限公示年度报告",
    "通过登记的住所或者经营场所无法联系",
    "公示企业信息隐瞒真实情况、弄虚作假",
)
MARK_GROUNDS = ("未按照规定报送年度报告", "经营场所无法联系")
WHY = {
    "SUSPENDED": ("ACTIVE", "自主决定歇业", "Reg 30"),
    "CANCELLING": ("ACTIVE", "申请简易注销，公示中", "Reg 33"),
    "CANCELLED": ("ACTIVE", "申请注销登记", "Reg 31"),
    "REVOKED": ("ACTIVE", "被吊销营业执照", "Reg 46"),
    "STRUCK_OFF": (
        "ACTIVE",
        "连续两年未年报且无法联系，除名",
        "unconfirmed: 深圳经济特区商事登记若干规定，文本未入库",
    ),
    "EX_OFFICIO": (
        "STRUCK_OFF",
        "除名后六个月未申请注销",
        "unconfirmed: 深圳经济特区商事登记若干规定，文本未入库",
    ),
}


@dataclass
class Sheets:
    """The tables that a block of subjects fills."""

    subjects: Sheet = field(default_factory=lambda: Sheet(Subject, numbered=True))
    identifiers: Sheet = field(default_factory=lambda: Sheet(Identifier))
    premises: Sheet = field(default_factory=lambda: Sheet(Premises, numbered=True))
    marks: Sheet = field(default_factory=lambda: Sheet(Mark))
    changes: Sheet = field(default_factory=lambda: Sheet(StatusChange))


@dataclass
class Block:
    """What later steps need of a block: columns of equal length, one entry a subject."""

    plan: Plan
    number: int
    first: int
    count: int
    kinds: np.ndarray
    industry: np.ndarray
    street: np.ndarray
    established: np.ndarray
    status: np.ndarray
    names: list[str]
    addresses: list[str]
    uscc: list[str]
    uscc_right: list[bool]
    reg_no: list[str]
    in_list: np.ndarray
    risk: np.ndarray
    premises_row: np.ndarray
    extra_codes: list[list[str]]

    def dice(self, purpose: str) -> Dice:
        """Fresh chance for one purpose in this block."""
        return Dice(self.plan.seed, purpose, self.number)

    @property
    def code(self) -> list[str]:
        """The code that people know a subject by."""
        return [uscc or reg for uscc, reg in zip(self.uscc, self.reg_no, strict=True)]


def draw(plan: Plan, places: list[Place], roads: list[list[str]], number: int) -> Block:
    """The subjects of one block."""
    first = number * shape.BLOCK
    count = min(shape.BLOCK, plan.subjects - first)
    dice = Dice(plan.seed, "subjects", number)
    kinds = dice.words(shape.KINDS, count)
    industry = _industries(dice, kinds)
    street = dice.picks([place.weight for place in places], count)
    ages = (1 + 11_000 * dice.shares(count) ** 1.7).astype(np.int64)
    established = np.datetime64(plan.as_of) - ages
    status = dice.words(shape.STATUSES, count)
    status[(ages < 900) & (status != "SUSPENDED")] = "ACTIVE"
    status[kinds == "INSTITUTION"] = "ACTIVE"
    in_list = _listed(dice, kinds, ages)
    road_of, house, unit = naming.doors(first, count, plan.subjects, plan.seed)
    shop = np.array([each.shop for each in EVERY])[industry]
    addresses = [
        f"深圳市{places[s].area}{places[s].street}{naming.door(roads[s][r], h, u, is_shop)}"
        for s, r, h, u, is_shop in zip(
            street.tolist(), road_of.tolist(), house.tolist(), unit.tolist(), shop.tolist(), strict=True
        )
    ]
    names = _names(dice, kinds, industry, [places[s] for s in street.tolist()])
    uscc, uscc_right, reg_no = _codes(
        plan, dice, first, kinds, established, [places[s] for s in street.tolist()]
    )
    food = np.array([bool(each.food) for each in EVERY])[industry]
    risk = dice.words(shape.RISK, count)
    risk[~food] = ""
    return Block(
        plan=plan,
        number=number,
        first=first,
        count=count,
        kinds=kinds,
        industry=industry,
        street=street,
        established=established,
        status=status,
        names=names,
        addresses=addresses,
        uscc=uscc,
        uscc_right=uscc_right,
        reg_no=reg_no,
        in_list=in_list,
        risk=risk,
        premises_row=np.where(shop, np.cumsum(shop) - 1, -1),
        extra_codes=[[] for _subject in range(count)],
    )


def _industries(dice: Dice, kinds: np.ndarray) -> np.ndarray:
    count = len(kinds)
    of_companies = dice.picks([each.companies for each in INDUSTRIES], count)
    of_individuals = dice.picks([each.individuals for each in INDUSTRIES], count)
    chosen = np.where(kinds == "INDIVIDUAL", of_individuals, of_companies)
    for kind, industry in (("FARMER_COOP", COOP), ("INSTITUTION", SCHOOL), ("FOREIGN_BRANCH", FOREIGN)):
        chosen[kinds == kind] = EVERY.index(industry)
    return chosen


def _listed(dice: Dice, kinds: np.ndarray, ages: np.ndarray) -> np.ndarray:
    """Which subjects are or were in the abnormal list (or marked): only those that owed a report."""
    share = np.where(kinds == "INDIVIDUAL", shape.MARKED_INDIVIDUAL, shape.LISTED_COMPANY)
    return (dice.shares(len(kinds)) < share) & (ages > 600) & (kinds != "INSTITUTION")


def _names(dice: Dice, kinds: np.ndarray, industry: np.ndarray, places: list[Place]) -> list[str]:
    found = []
    branch = dice.shares(len(kinds)) < shape.BRANCH
    rows = zip(
        kinds.tolist(), industry.tolist(), places, dice.numbers(len(kinds), 4), branch.tolist(), strict=True
    )
    for kind, which, place, numbers, is_branch in rows:
        trade, words = naming.trade_name(numbers), EVERY[which].words
        word = words[numbers[3] % len(words)]
        if kind == "COMPANY":
            stem = word[:-1] if word.endswith(("店", "馆")) else word
            name = f"深圳市{trade}{stem}有限公司" if numbers[3] % 3 else f"{trade}{stem}（深圳）有限公司"
            name += f"{place.area.removesuffix('区')}分公司" if is_branch else ""
        elif kind == "INDIVIDUAL":
            name = f"深圳市{place.area}{trade}{word if word.endswith(('店', '馆', '行', '家', '厅', '楼', '市', '站', '部')) else word + '店'}"
        elif kind == "PARTNERSHIP":
            name = f"深圳{trade}{word}合伙企业（有限合伙）"
        elif kind == "FARMER_COOP":
            name = f"深圳市{trade}{word}专业合作社"
        elif kind == "INSTITUTION":
            name = f"深圳市{place.area}{trade}{word}"
        elif kind == "FOREIGN_BRANCH":
            name = f"{trade}{word}（香港）有限公司深圳代表处"
        elif kind == "NONCORP_LEGAL":
            name = f"深圳市{trade}{word}总公司"
        else:
            name = f"深圳市{trade}{word}中心（个人独资）"
        found.append(name)
    return found


def _codes(
    plan: Plan, dice: Dice, first: int, kinds: np.ndarray, established: np.ndarray, places: list[Place]
) -> tuple[list[str], list[bool], list[str]]:
    heads = []
    for kind, place in zip(kinds.tolist(), places, strict=True):
        local = kind in {"INDIVIDUAL", "INSTITUTION"} and place.division
        heads.append(shape.CODE_HEADS.get(kind, "91") + (place.division if local else shape.CITY_CODE))
    ordinals = np.arange(first, first + len(heads), dtype=np.int64)
    usccs = codes.usccs(heads, ordinals, plan.seed)
    old = (established < OLD_NUMBERS_UNTIL) & (kinds != "INSTITUTION")
    chance = dice.shares(len(heads))
    numbers = codes.checked(
        [
            f"{place.division or shape.CITY_CODE}{(at % codes.MOST):08d}"
            for at, place in zip(ordinals.tolist(), places, strict=True)
        ]
    )
    keeps, only = old & (chance < shape.HAS_OLD_NUMBER), old & (chance < shape.ONLY_OLD_NUMBER)
    wrong = (dice.shares(len(heads)) < shape.WRONG_CODE) & ~only
    uscc = [
        "" if alone else _spoilt(code) if bad else code
        for code, alone, bad in zip(usccs, only.tolist(), wrong.tolist(), strict=True)
    ]
    return (
        uscc,
        (~wrong).tolist(),
        [number if kept else "" for number, kept in zip(numbers, keeps.tolist(), strict=True)],
    )


def _spoilt(code: str) -> str:
    """A code whose last sign is not its check sign: as it stands on some old licences."""
    return code[:17] + ("1" if code[17] == "0" else "0")


def write(block: Block, places: list[Place], sheets: Sheets, persons: Ref) -> None:
    """Write the block's subjects, places, identifiers, marks and changes of status."""
    dice = block.dice("facts")
    count = block.count
    grams = [
        array_text(searching.grams(name, [code for code in (uscc, reg) if code] + extra, [address]))
        for name, uscc, reg, extra, address in zip(
            block.names, block.uscc, block.reg_no, block.extra_codes, block.addresses, strict=True
        )
    ]
    chance = dice.shares(count)
    capital = np.round(10 ** (1 + 2.2 * dice.shares(count)), -1)
    has_capital = np.isin(block.kinds, ["COMPANY", "NONCORP_LEGAL", "PARTNERSHIP", "SOLE_PROP"])
    approved = block.established + ((np.datetime64(block.plan.as_of) - block.established) * chance).astype(
        "timedelta64[D]"
    )
    sheets.subjects.put(
        {
            "uuid": dice.uuids(count),
            "name": block.names,
            "type": block.kinds.tolist(),
            "is_branch": ["t" if name.endswith("分公司") else "f" for name in block.names],
            "status": block.status.tolist(),
            "org_path": [places[s].org_path for s in block.street.tolist()],
            "industry": [EVERY[which].code for which in block.industry.tolist()],
            "business_scope": [EVERY[which].scope for which in block.industry.tolist()],
            "legal_rep": persons,
            "capital": [
                f"{amount:.4f}" if has else NULL
                for amount, has in zip(capital.tolist(), has_capital.tolist(), strict=True)
            ],
            "established_on": days(block.established),
            "approved_on": days(approved),
            "domicile": block.addresses,
            "credit_class": dice.words(shape.CREDIT, count).tolist(),
            "risk_grade": block.risk.tolist(),
            "is_demo": "t",
            "grams": grams,
        },
        count,
    )
    _write_premises(block, places, sheets, dice)
    _write_identifiers(block, sheets)
    _write_marks(block, sheets, dice)
    _write_changes(block, sheets, dice)


def _write_premises(block: Block, places: list[Place], sheets: Sheets, dice: Dice) -> None:
    rows = np.flatnonzero(block.premises_row >= 0)
    here = [places[s] for s in block.street[rows].tolist()]
    centre = np.array([shape.CENTRES.get(place.area, (114.06, 22.55)) for place in here]).reshape(-1, 2)
    spread = (np.stack([dice.shares(len(rows)), dice.shares(len(rows))], axis=1) - 0.5) * 0.05
    spots = centre + spread
    area = np.round(8 + 400 * dice.shares(len(rows)) ** 3, 1)
    closed = np.isin(block.status[rows], ["CANCELLED", "REVOKED", "EX_OFFICIO"])
    sheets.premises.put(
        {
            "subject": Ref(sheets.subjects, rows),
            "address": [block.addresses[row] for row in rows.tolist()],
            "division_code": [place.division for place in here],
            "street": [place.street for place in here],
            "org_path": [place.org_path for place in here],
            "longitude": [f"{x:.6f}" for x in spots[:, 0].tolist()],
            "latitude": [f"{y:.6f}" for y in spots[:, 1].tolist()],
            "area_m2": [f"{size:.2f}" for size in area.tolist()],
            "closed_on": [block.plan.as_of.isoformat() if gone else NULL for gone in closed.tolist()],
        },
        len(rows),
    )


def _write_identifiers(block: Block, sheets: Sheets) -> None:
    rows: list[tuple[int, str, str, str, str]] = []
    for row, (uscc, right, reg) in enumerate(zip(block.uscc, block.uscc_right, block.reg_no, strict=True)):
        if uscc:
            rows.append(
                (row, "USCC", uscc, "t" if right else "f", "" if right else "原证照所载代码如此，待核实")
            )
        if reg:
            rows.append((row, "REG_NO", reg, "t", ""))
    at, kind, value, ok, reason = (list(column) for column in zip(*rows, strict=True))
    sheets.identifiers.put(
        {
            "subject": Ref(sheets.subjects, np.array(at)),
            "kind": kind,
            "value": value,
            "check_ok": ok,
            "override_reason": reason,
        },
        len(rows),
    )


def _write_marks(block: Block, sheets: Sheets, dice: Dice) -> None:
    """Abnormal list and marks, some of them ended, and the rarer marks of companies."""
    today, count = block.plan.as_of, block.count
    rows: list[tuple[int, str, str, str, str, str]] = []
    chance, since = dice.shares(count), (30 + 900 * dice.shares(count)).astype(int)
    for row in np.flatnonzero(block.in_list).tolist():
        single = block.kinds[row] == "INDIVIDUAL"
        grounds = MARK_GROUNDS if single else GROUNDS
        start = today - datetime.timedelta(days=int(min(since[row], 500)))
        ended = chance[row] < shape.LISTING_ENDED
        until = start + datetime.timedelta(days=int(since[row]) // 3) if ended else None
        until = None if until and until >= today else until
        rows.append(
            (
                row,
                "ABNORMAL_MARK" if single else "ABNORMAL_LIST",
                grounds[since[row] % len(grounds)],
                start.isoformat(),
                until.isoformat() if until else NULL,
                "unconfirmed" if single else "Abn 4",
            )
        )
    rare = dice.shares(count)
    for row in np.flatnonzero(np.isin(block.kinds, ["COMPANY"])).tolist():
        for kind, share, ground, source in (
            ("SERIOUS_LIST", shape.SERIOUS, "受到较重行政处罚，列入严重违法失信名单", "SVL 5"),
            ("FROZEN_SHARES", shape.FROZEN, "人民法院协助执行，冻结股权", ""),
            ("PLEDGED", shape.PLEDGED, "股权出质设立登记", ""),
        ):
            if rare[row] < share:
                start = today - datetime.timedelta(days=int(min(since[row], 700)))
                rows.append((row, kind, ground, start.isoformat(), NULL, source))
                break
            rare[row] -= share
    if not rows:
        return
    at, kinds, grounds_, starts, ends, sources = (list(column) for column in zip(*rows, strict=True))
    sheets.marks.put(
        {
            "subject": Ref(sheets.subjects, np.array(at)),
            "kind": kinds,
            "ground": grounds_,
            "since": starts,
            "until": ends,
            "source": sources,
        },
        len(rows),
    )


def _write_changes(block: Block, sheets: Sheets, dice: Dice) -> None:
    rows = np.flatnonzero(block.status != "ACTIVE")
    if not len(rows):
        return
    why: list[Mapping[int, Any] | tuple[str, str, str]] = [WHY[block.status[row]] for row in rows.tolist()]
    on = np.datetime64(block.plan.as_of) - (1 + 700 * dice.shares(len(rows))).astype(np.int64)
    sheets.changes.put(
        {
            "subject": Ref(sheets.subjects, rows),
            "before": [each[0] for each in why],
            "after": block.status[rows].tolist(),
            "on": days(on),
            "reason": [each[1] for each in why],
            "source": [each[2] for each in why],
        },
        len(rows),
    )

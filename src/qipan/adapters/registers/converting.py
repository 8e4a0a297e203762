"""From the cells of a row to what the kernel takes in, with a note for everything that was not as it should be."""

import datetime
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from qipan.adapters.registers import values
from qipan.adapters.registers.binding import Bound, Column
from qipan.adapters.registers.mapping import DATES
from qipan.adapters.registers.texts import Raw
from qipan.kernel.accounts.id_numbers import is_id_number
from qipan.kernel.accounts.vault import masking, sealing
from qipan.kernel.subjects import codes
from qipan.kernel.subjects.importing import Code, ImportedRow, Note, Place, Record, judged
from qipan.kernel.subjects.models import IdentifierKind, SubjectType

LENGTHS = {"name": 200, "domicile": 300, "address": 300, "premises_name": 200, "street": 40, "industry": 5}
SUBJECT_TYPES = frozenset(SubjectType.values)


class Rejected(Exception):
    """The row cannot be taken in; its notes say why."""


class Converter(Bound):
    """Turns the rows of one table into subjects."""

    def convert(self, raw: Raw, seq: int) -> tuple[ImportedRow | None, list[Note]]:
        """The row, or None when an error among the notes rejects it."""
        reading = Reading(self, raw, seq)
        try:
            return reading.row(), reading.notes
        except Rejected:
            return None, reading.notes


class Reading:
    """The reading of one row."""

    def __init__(self, converter: Converter, raw: Raw, seq: int) -> None:
        self.by = converter
        self.cells: Sequence[Any] = raw.cells
        self.raw = raw
        self.seq = seq
        self.notes: list[Note] = []

    def tell(self, level: Any, column: Column | str, value: str, reason: str, todo: str) -> None:
        """A note on this row."""
        title = column if isinstance(column, str) else column.title
        self.notes.append(
            Note(self.seq, self.by.sheet, self.raw.line, level, title, value[:200], reason, todo)
        )

    def reject(self, column: Column | str, value: str, reason: str, todo: str) -> None:
        """A note that ends the reading."""
        self.tell("error", column, value, reason, todo)
        raise Rejected

    def cell(self, column: Column) -> Any:
        """The raw cell of a rule with one column."""
        place = column.places[0] if column.places else -1
        return self.cells[place] if 0 <= place < len(self.cells) else None

    def text(self, column: Column | None) -> str:
        """The text that a rule makes of the row; empty where the row says nothing."""
        if column is None:
            return ""
        rule = column.rule
        if rule.fixed is not None:
            return rule.fixed
        said = [values.text_of(self.cells[at]) for at in column.places if at < len(self.cells)]
        text = rule.joined_by.join(part for part in said if part)
        if rule.values:
            text = rule.values.get(text, text)
        return f"{rule.prefix}{text}{rule.suffix}" if text else rule.default

    def field(self, name: str) -> str:
        """The text of a field, cut to its length with a warning."""
        column = self.by.columns.get(name)
        text = self.text(column)
        limit = LENGTHS.get(name)
        if column and limit and len(text) > limit:
            self.tell(
                "warning",
                column,
                text,
                _("超过 %(limit)d 个字，只登记了前面的部分") % {"limit": limit},
                _("请在系统中核对并补正。"),
            )
            return text[:limit]
        return text

    def row(self) -> ImportedRow:
        """The whole row. Raises Rejected."""
        self._check_shape()
        name = self.field("name")
        if not any(sign.isalnum() for sign in name):
            self.reject(self.by.columns["name"], name, _("没有主体名称"), _("请补上名称后重新导入这一行。"))
        found = self._codes()
        address, domicile = self.field("address"), self.field("domicile")
        division = values.half(self.field("division_code"))
        division = division[:6] if re.fullmatch(r"\d{6,12}", division) else ""
        street = self.field("street")
        kind, guessed, is_branch = self._type(name, found)
        capital, currency = self._capital()
        dates = {one: self._date(self.by.columns.get(one)) for one in DATES}
        place_text = address or domicile
        place = self._place(address or domicile, division, street) if self.by.wants_place else None
        return ImportedRow(
            seq=self.seq,
            sheet=self.by.sheet,
            line=self.raw.line,
            name=name,
            type=kind,
            type_guess=guessed,
            is_branch=is_branch,
            status=self._status(),
            industry=self._industry(),
            business_scope=self.field("business_scope"),
            capital=capital,
            currency=currency,
            domicile=domicile or address,
            org_path=self._office(place_text, division, street),
            codes=tuple(found),
            place=place,
            person=self._person(),
            records=tuple(self._record(rule) for rule in self.by.records),
            **dates,
        )

    def _check_shape(self) -> None:
        if self.raw.damage:
            self.reject(
                _("整行"),
                self._shown(),
                self.raw.damage,
                _("请在原系统中重新导出，或者改正这一行后重新导入。"),
            )
        if len(self.cells) > self.by.width and any(
            values.text_of(cell) for cell in self.cells[self.by.width :]
        ):
            self.reject(
                _("整行"),
                self._shown(),
                _("这一行有 %(count)d 列，表头只有 %(width)d 列")
                % {"count": len(self.cells), "width": self.by.width},
                _("多半是某个值里有没加引号的分隔符；请给它加上引号后重新导入。"),
            )
        if self.raw.repaired:
            self.tell("warning", _("整行"), self._shown(), self.raw.repaired, _("请核对这一行的内容。"))

    def _shown(self) -> str:
        """The first cells, without what may be personal."""
        personal = {
            at
            for name in ("legal_rep", "id_number", "phone", "email")
            if name in self.by.columns
            for at in self.by.columns[name].places
        }
        if self.raw.damage or len(self.cells) != self.by.width:
            return values.text_of(self.cells[0])[:40] if self.cells and 0 not in personal else ""
        said = [values.text_of(cell) for at, cell in enumerate(self.cells) if at not in personal]
        return "，".join(text for text in said if text)[:80]

    def _codes(self) -> list[Code]:
        found: dict[str, Code] = {}
        for kind, column in self.by.codes:
            text = self.text(column)
            if not text:
                continue
            value = codes.tidy(text)
            if values.SCIENTIFIC.match(value):
                self.reject(
                    column,
                    text,
                    _("号码被 Excel 变成了科学计数法，后几位已经丢失"),
                    _("请把该列设为“文本”格式，从原系统重新导出后导入。"),
                )
            if kind == "USCC" and re.fullmatch(r"\d{13}|\d{15}", value):
                kind = "REG_NO"
                self.tell(
                    "warning",
                    column,
                    text,
                    _("是旧的 %(count)d 位注册号，已按注册号登记") % {"count": len(value)},
                    _("请补登 18 位统一社会信用代码。"),
                )
            elif kind == "REG_NO" and re.fullmatch(r"[0-9A-Z]{18}", value):
                kind = "USCC"
            self._check_code(kind, column, value, text)
            known = found.get(kind)
            if known and known.value != value:
                self.reject(
                    column,
                    text,
                    _("同一行有两个不同的%(kind)s：%(other)s")
                    % {"kind": IdentifierKind(kind).label, "other": known.value},
                    _("请核对并保留正确的一个。"),
                )
            code = judged(kind, value, self.by.as_written)
            if not code.check_ok and not known:
                self._looks_wrong(code, column)
            found[kind] = code
        return list(found.values())

    def _check_code(self, kind: str, column: Column, value: str, text: str) -> None:
        shape, said = values.SHAPES[kind]
        if not re.fullmatch(shape, value):
            self.reject(
                column,
                text,
                _("%(kind)s不对：%(said)s，现为 %(count)d 位")
                % {"kind": IdentifierKind(kind).label, "said": _(said), "count": len(value)},
                _("请按证照改正后重新导入这一行。"),
            )

    def _looks_wrong(self, code: Code, column: Column) -> None:
        todo = _("已登记并加注“校验不符”；请对照证照核实，有误的在系统中更正。")
        if code.kind == "USCC":
            likely = code.value.translate(values.LOOKALIKES)
            if likely != code.value and codes.is_uscc(likely):
                todo = _("可能把数字录成了字母，应为 %(likely)s；已照原文登记，请核实更正。") % {
                    "likely": likely
                }
        self.tell("warning", column, code.value, _("校验位不符，号码可能有误"), todo)

    def _type(self, name: str, found: list[Code]) -> tuple[str, str, bool]:
        column = self.by.columns.get("type")
        text = self.text(column)
        kind = SubjectType(text) if text in SUBJECT_TYPES else values.type_of(text)
        uscc = next((code.value for code in found if code.kind == "USCC"), "")
        if kind is None and text and column:
            self.tell(
                "warning",
                column,
                text,
                _("主体类型不认识，按代码或者名称判断"),
                _("请在系统中核对主体类型，或者在对照表的 values 中写明。"),
            )
        guess = kind or values.type_by_code(uscc) or values.type_of(name) or SubjectType.OTHER
        branch = "分公司" in text or "分支" in text or name.endswith(("分公司", "分店"))
        return kind.value if kind else "", guess.value, branch

    def _status(self) -> str:
        column = self.by.columns.get("status")
        text = self.text(column)
        if not text or column is None:
            return ""
        status = values.status_of(text)
        if status is None:
            self.tell(
                "warning",
                column,
                text,
                _("状态不认识，没有登记（新主体按“存续”登记）"),
                _("请在系统中核对状态，或者在对照表的 values 中写明。"),
            )
            return ""
        return status.value

    def _industry(self) -> str:
        text = values.half(self.text(self.by.columns.get("industry"))).upper()
        found = re.match(r"^[A-T]?\d{2,4}", text)
        return found[0] if found else ""

    def _date(self, column: Column | None) -> datetime.date | None:
        if column is None:
            return None
        cell = column.rule.fixed if column.rule.fixed is not None else self.cell(column)
        try:
            return values.date_of(cell, column.rule.formats, self.by.epoch)
        except values.Unreadable:
            self.tell(
                "warning",
                column,
                values.text_of(cell),
                _("不是能确定的日期，这一项没有登记"),
                _("请写成 2018-05-04 的形式；其他写法可在对照表的 formats 中写明。"),
            )
            return None

    def _capital(self) -> tuple[Decimal | None, str]:
        column = self.by.columns.get("capital")
        if column is None:
            return None, ""
        try:
            return values.capital_of(self.text(column), self.by.unit)
        except values.Unreadable:
            self.tell(
                "warning",
                column,
                self.text(column),
                _("不是能确定的金额，这一项没有登记"),
                _("请写成数字加单位，例如“100万元人民币”。"),
            )
            return None, ""

    def _number(self, name: str, places: int, low: float, high: float) -> Decimal | None:
        column = self.by.columns.get(name)
        if column is None:
            return None
        try:
            return values.number_of(self.text(column), places=places, low=low, high=high)
        except values.Unreadable:
            self.tell(
                "warning",
                column,
                self.text(column),
                _("不是 %(low)s 到 %(high)s 之间的数字，这一项没有登记") % {"low": low, "high": high},
                _("请核对后在系统中补正。"),
            )
            return None

    def _place(self, address: str, division: str, street: str) -> Place | None:
        if not address:
            return None
        return Place(
            address=address,
            name=self.field("premises_name"),
            division_code=division,
            street=street,
            longitude=self._number("longitude", 6, -180, 180),
            latitude=self._number("latitude", 6, -90, 90),
            area_m2=self._number("area_m2", 2, 0, 9_999_999),
        )

    def _office(self, place: str, division: str, street: str) -> str:
        column = self.by.columns.get("office")
        named = self.text(column)
        if named and column:
            if path := self.by.offices.unit(named):
                return path
            self.tell(
                "warning", column, named, _("没有这个机构，改按地址查找"), _("请核对机构代码或者名称。")
            )
        path = self.by.offices.find(place, division_code=division, street=street)
        if not path:
            self.tell(
                "warning",
                self.by.columns.get("address") or self.by.columns.get("domicile") or _("地址"),
                place,
                _("看不出所在街道，新主体暂归对照表指定的机构或者市局"),
                _("请在系统中指定监管所，或者在登记簿中加一列“街道”。"),
            )
        return path

    def _person(self) -> dict[str, str]:
        said = {
            name: self.text(self.by.columns.get(source))
            for name, source in (
                ("name", "legal_rep"),
                ("id_number", "id_number"),
                ("phone", "phone"),
                ("email", "email"),
            )
        }
        said = {name: sealing.normal(name, text) for name, text in said.items()}
        if any(said.values()) and not said["name"]:
            for name in ("id_number", "phone", "email"):
                if said[name]:
                    self.tell(
                        "warning",
                        self.by.columns[name],
                        getattr(masking, name)(said[name]),
                        _("没有负责人姓名，这一项没有登记"),
                        _("请补上负责人姓名后重新导入。"),
                    )
            return {}
        number = said["id_number"]
        if number and not is_id_number(number):
            self.tell(
                "warning",
                self.by.columns["id_number"],
                masking.id_number(number),
                _("不是有效的 18 位身份证号码，已照原文保存"),
                _("请核对；其他证件可以不管。"),
            )
        return said if said["name"] else {}

    def _record(self, rule: dict[str, Any]) -> Record:
        key = self.text(rule["key"])
        if not key or len(key) > 80:
            self.reject(
                rule["key"], key, _("没有记录编号或者编号超过 80 个字"), _("请补正编号后重新导入这一行。")
            )
        data: dict[str, Any] = {title: self.text(column) for title, column in rule["data"].items()}
        data = {title: text for title, text in data.items() if text}
        for title, (places, yes) in rule["listed"].items():
            data[title] = [
                name for name, at in places if at < len(self.cells) and values.text_of(self.cells[at]) in yes
            ]
        return Record(rule["kind"], key, self._date(rule["on"]), self.text(rule["result"])[:120], data)

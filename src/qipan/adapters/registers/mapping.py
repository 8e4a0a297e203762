"""The mapping file: which column of a register fills which of our fields, checked before anything is read."""

import datetime
import hashlib
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from qipan.adapters.registers.headings import COMMON, plain
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects.models import IdentifierKind, Status, SubjectType

MAPS = Path(__file__).parent / "maps"
CODE_FIELDS = {"uscc": "USCC", "reg_no": "REG_NO", "org_code": "ORG_CODE", "licence_no": "LICENCE"}
FIELDS = tuple(COMMON)
DATES = ("established_on", "approved_on", "term_to")


class Strict(BaseModel):
    """What a mapping does not know it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(Strict):
    """How one value comes about: from a column (or several, joined), fixed, translated, with words around it."""

    column: str | list[str] = ""
    fixed: str | None = None
    values: dict[str, str] = {}
    default: str = ""
    prefix: str = ""
    suffix: str = ""
    joined_by: str = " "
    formats: list[str] = []
    unit: Literal["元", "万元", ""] = ""

    @model_validator(mode="after")
    def _one_source(self) -> "Rule":
        if (self.fixed is None) == (not self.column):
            raise ValueError(_("column 和 fixed 必须写一个，而且只能写一个"))
        return self

    @field_validator("formats")
    @classmethod
    def _names_a_day(cls, formats: list[str]) -> list[str]:
        day = datetime.datetime(2018, 5, 14)
        for form in formats:
            try:
                known = datetime.datetime.strptime(day.strftime(form), form) == day
            except ValueError:
                known = False
            if not known:
                raise ValueError(
                    _("“%(form)s”不是完整的日期格式；日月年请写成 %%d/%%m/%%Y 的形式") % {"form": form}
                )
        return formats

    @property
    def columns(self) -> list[str]:
        """The columns it reads."""
        return [self.column] if isinstance(self.column, str) and self.column else list(self.column)


def _rule(value: Any) -> Any:
    return {"column": str(value)} if isinstance(value, str | int) else value


Told = Annotated[Rule, BeforeValidator(_rule)]


class CodeRule(Rule):
    """One kind of identifier."""

    kind: IdentifierKind


class Listed(Strict):
    """Columns that say yes or no, kept as the list of those that say yes."""

    columns: str = Field(min_length=1)
    yes: list[str] = ["1", "是", "true", "Y", "y", "√"]

    @field_validator("columns")
    @classmethod
    def _can_be_matched(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as problem:
            raise ValueError(
                _("“%(pattern)s”不是有效的匹配式：第 %(at)d 个字符处，%(problem)s")
                % {"pattern": pattern, "at": (problem.pos or 0) + 1, "problem": problem.msg}
            ) from None
        return pattern


class RecordRule(Strict):
    """A row of history (an inspection made elsewhere) that every row brings along."""

    kind: str = Field(min_length=1, max_length=40)
    key: Told
    date: Told | None = None
    result: Told | None = None
    data: dict[str, Told] = {}
    listed: dict[str, Listed] = {}


class Mapping(Strict):
    """A mapping as a whole (对照表). docs/importing.md is its reference."""

    source: str = Field(min_length=1, max_length=60)
    sheets: list[str] = []
    encoding: str = ""
    delimiter: str = Field("", max_length=1)
    header_row: int = Field(0, ge=0, le=100)
    repeat: Literal["reject", "last"] = "reject"
    fallback_office: str = ""
    columns: dict[str, Told]
    identifiers: list[CodeRule] = []
    records: list[RecordRule] = []

    @model_validator(mode="after")
    def _known_fields(self) -> "Mapping":
        if unknown := sorted(set(self.columns) - set(FIELDS)):
            raise ValueError(
                _("columns 中没有名为 %(names)s 的字段；可用的字段：%(known)s")
                % {"names": "、".join(unknown), "known": "、".join(FIELDS)}
            )
        if "name" not in self.columns:
            raise ValueError(_("columns 中必须有 name（主体名称）"))
        _check_values("type", self.columns.get("type"), SubjectType)
        _check_values("status", self.columns.get("status"), Status)
        if self.records and self.repeat == "reject":
            raise ValueError(_("有 records 时同一主体会出现多行，请写 repeat: last"))
        return self

    def takes(self, heading: str) -> bool:
        """A list of yes-or-no columns takes this one."""
        patterns = [one.columns for record in self.records for one in record.listed.values()]
        return any(re.fullmatch(pattern, heading) for pattern in patterns)

    def headings(self) -> set[str]:
        """Every column that the mapping names."""
        rules: list[Rule] = [*self.columns.values(), *self.identifiers]
        for record in self.records:
            rules += [
                rule for rule in (record.key, record.date, record.result, *record.data.values()) if rule
            ]
        return {column for rule in rules for column in rule.columns}

    def digest(self) -> str:
        """SHA-256 over what the mapping says."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def _check_values(field: str, rule: Rule | None, choices: Any) -> None:
    if rule is None:
        return
    said = [
        *rule.values.values(),
        *([rule.fixed] if rule.fixed else []),
        *([rule.default] if rule.default else []),
    ]
    if wrong := [value for value in said if value not in choices.values]:
        raise ValueError(
            _("%(field)s 的取值 %(wrong)s 不认识；可用：%(known)s")
            % {"field": field, "wrong": "、".join(wrong), "known": "、".join(choices.values)}
        )


def of_guess(source: str, found: dict[str, str]) -> Mapping:
    """The mapping that was guessed from headings."""
    columns = {name: Rule(column=heading) for name, heading in found.items()}
    return Mapping(source=source, columns=columns)


def read(path: Path) -> Mapping:
    """The mapping in a YAML file (or a shipped one, by its name). Refuses with every fault it has, and where."""
    file = path if path.exists() else MAPS / f"{path.name.removesuffix('.yaml')}.yaml"
    if not file.is_file():
        shipped = "、".join(sorted(one.stem for one in MAPS.glob("*.yaml")))
        raise Refused(
            _("找不到对照表 %(file)s；随系统提供的有：%(shipped)s。")
            % {"file": path.name, "shipped": shipped},
            code="not_found",
            field="map",
        )
    try:
        content = yaml.safe_load(file.read_text("utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        where = getattr(problem, "problem_mark", None)
        at = _("第 %(line)d 行") % {"line": where.line + 1} if where else _("文件")
        raise Refused(
            _("对照表 %(file)s 的%(at)s不是有效的 YAML（UTF-8 编码）：%(problem)s")
            % {"file": file.name, "at": at, "problem": getattr(problem, "problem", problem)},
            field="map",
        ) from None
    if not isinstance(content, dict):
        raise Refused(_("对照表 %(file)s 应为“字段: 值”的形式。") % {"file": file.name}, field="map")
    try:
        return Mapping.model_validate(content)
    except ValidationError as problem:
        faults = "；".join(_fault(error) for error in problem.errors())
        raise Refused(
            _("对照表 %(file)s 有 %(count)d 处要改：%(faults)s")
            % {"file": file.name, "count": problem.error_count(), "faults": faults},
            field="map",
        ) from None


SAID = {
    "missing": gettext_lazy("没有写"),
    "extra_forbidden": gettext_lazy("没有这一项，请删去或者核对拼写"),
    "string_type": gettext_lazy("应为文字"),
    "dict_type": gettext_lazy("应为“名称: 值”的形式"),
    "list_type": gettext_lazy("应为列表"),
    "enum": gettext_lazy("取值不认识"),
    "literal_error": gettext_lazy("取值不认识"),
    "int_parsing": gettext_lazy("应为整数"),
    "string_too_short": gettext_lazy("不能为空"),
    "string_too_long": gettext_lazy("太长"),
}


def _fault(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"]) or _("整体")
    said = SAID.get(error["type"])
    if said is None:
        said = str(error["msg"]).removeprefix("Value error, ")
    elif error["type"] in {"enum", "literal_error"}:
        said = f"{said}（{error['ctx'].get('expected', '')}）"
    return f"{where}：{said}"


def missing_columns(mapping: Mapping, present: set[str]) -> list[str]:
    """The columns a mapping names that a table does not have."""
    have = {plain(name) for name in present}
    return sorted(column for column in mapping.headings() if plain(column) not in have)

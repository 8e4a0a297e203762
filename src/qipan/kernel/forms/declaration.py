"""What a form is: sections of fields with their conditions. The browser reads the same declaration."""

import datetime
from collections.abc import Iterator
from typing import Any, Literal

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, model_validator

FieldKind = Literal[
    "text", "longtext", "number", "date", "choice", "multi", "bool", "phone", "id_number", "file", "address"
]
PHONE = r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}"
PHONE_HELP = "请填写 11 位手机号码，或者带区号的固定电话。"
MOST_ROWS = 200


class Option(BaseModel):
    """One choice."""

    model_config = ConfigDict(extra="forbid")
    code: str
    title: str


class Constraints(BaseModel):
    """What an answer must be: what a field and a data element have in common."""

    model_config = ConfigDict(extra="forbid")
    title: str = ""
    kind: FieldKind = "text"
    options: list[Option] = []
    min: float | str | None = None
    max: float | str | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str = ""
    pattern_help: str = ""
    help: str = ""
    personal: bool = False

    @model_validator(mode="after")
    def _bounded(self) -> "Constraints":
        if self.kind != "number" and "kind" in self.model_fields_set and (self.min, self.max) != (None, None):
            raise ValueError(_("“%(title)s”不是数字，不能写最小值和最大值。") % {"title": self.title})
        if self.kind == "phone" and not self.pattern:
            self.pattern, self.pattern_help = PHONE, PHONE_HELP
        return self


class FormField(Constraints):
    """One field. `element` is the data element it asks for, whose constraints it has unless it narrows them; `personal`
    puts the answer into the vault. An address that names a `street_field` answers that field too.
    """

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    element: str = ""
    required: bool = False
    when: dict[str, Any] | None = None
    material: str = ""
    street_field: str = ""

    @model_validator(mode="after")
    def _checked(self) -> "FormField":
        if self.element:
            return self
        if not self.title:
            raise ValueError(_("字段 %(code)s 要有名称，或者写明数据元。") % {"code": self.code})
        if self.kind in {"choice", "multi"} and not self.options:
            raise ValueError(_("字段 %(code)s 是选择，要有选项。") % {"code": self.code})
        return self


class Repeat(BaseModel):
    """How often a section may be filled in; each time is a row (行)."""

    model_config = ConfigDict(extra="forbid")
    min: int = Field(default=0, ge=0)
    max: int = Field(default=50, ge=1, le=MOST_ROWS)

    @model_validator(mode="after")
    def _ordered(self) -> "Repeat":
        if self.min > self.max:
            raise ValueError(_("最少行数不能超过最多行数。"))
        return self


class Section(BaseModel):
    """Fields under one heading. One with `repeat` is a group: its answers are rows, kept as a list under its `code`."""

    model_config = ConfigDict(extra="forbid")
    title: str
    help: str = ""
    fields: list[FormField]
    code: str = Field(default="", pattern=r"^([a-z][a-z0-9_]*)?$")
    repeat: Repeat | None = None
    row_title: str = ""
    when: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _group(self) -> "Section":
        if self.repeat is None:
            if self.code or self.row_title or self.when:
                raise ValueError(
                    _("“%(title)s”不是可填多行的一节，不能写代码、每行名称和条件。") % {"title": self.title}
                )
            return self
        if not self.code or not self.row_title:
            raise ValueError(_("“%(title)s”可填多行，要有代码和每行的名称。") % {"title": self.title})
        for field in self.fields:
            if field.personal or field.kind == "file":
                raise ValueError(
                    _("字段 %(code)s 在可填多行的一节里，不能是个人信息或者上传文件。") % {"code": field.code}
                )
            if strange := sorted(set(asked_about(field.when)) - {one.code for one in self.fields}):
                raise ValueError(
                    _("字段 %(code)s 的条件只能看同一行的字段，不能看 %(strange)s。")
                    % {"code": field.code, "strange": "、".join(strange)}
                )
        return self

    def row_name(self, number: int) -> str:
        """What a row is called: its title and its number, from 1."""
        return f"{self.row_title} {number}"


class FormRow(BaseModel):
    """One form."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=r"^[a-z]+(\.[a-z0-9_]+)+$", max_length=60)
    valid_from: datetime.date
    title: str
    sections: list[Section]

    @model_validator(mode="after")
    def _unique(self) -> "FormRow":
        codes = [code for section in self.sections for code in _codes(section)]
        if doubled := {code for code in codes if codes.count(code) > 1}:
            raise ValueError(_("代码 %(codes)s 用了两次。") % {"codes": "、".join(sorted(doubled))})
        known = self.codes
        for section in self.sections:
            outer = () if section.repeat else (field.when for field in section.fields)
            for condition in (section.when, *outer):
                if strange := sorted(set(asked_about(condition)) - known):
                    raise ValueError(_("填写条件看的 %(codes)s 不在表单里。") % {"codes": "、".join(strange)})
        return self

    @property
    def fields(self) -> list[FormField]:
        """All fields that are asked once, in order."""
        return [field for section in self.sections if section.repeat is None for field in section.fields]

    @property
    def groups(self) -> list[Section]:
        """The sections that repeat, in order."""
        return [section for section in self.sections if section.repeat is not None]

    @property
    def codes(self) -> set[str]:
        """What answers may be given under: fields and groups."""
        return {field.code for field in self.fields} | {group.code for group in self.groups}

    def field(self, code: str) -> FormField | None:
        """The field of this code, in a group too."""
        every = (field for section in self.sections for field in section.fields)
        return next((field for field in every if field.code == code), None)

    def group(self, code: str) -> Section | None:
        """The group of this code."""
        return next((group for group in self.groups if group.code == code), None)


def _codes(section: Section) -> list[str]:
    return [*([section.code] if section.code else []), *(field.code for field in section.fields)]


def asked_about(condition: dict[str, Any] | None) -> Iterator[str]:
    """The fields that a condition looks at."""
    if not condition:
        return
    for part in (*condition.get("all", ()), *condition.get("any", ())):
        yield from asked_about(part)
    yield from asked_about(condition.get("not"))
    if "field" in condition:
        yield str(condition["field"])

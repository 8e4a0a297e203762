"""What a form is: sections of fields with their conditions. The browser reads the same declaration."""

import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

FieldKind = Literal[
    "text", "longtext", "number", "date", "choice", "multi", "bool", "phone", "id_number", "file", "address"
]


class Option(BaseModel):
    """One choice."""

    model_config = ConfigDict(extra="forbid")
    code: str
    title: str


class FormField(BaseModel):
    """One field. `element` is the data element it asks for; `personal` puts the answer into the vault."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    element: str = ""
    title: str
    kind: FieldKind = "text"
    required: bool = False
    when: dict[str, Any] | None = None
    options: list[Option] = []
    min: float | str | None = None
    max: float | str | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str = ""
    pattern_help: str = ""
    help: str = ""
    personal: bool = False
    material: str = ""

    @model_validator(mode="after")
    def _checked(self) -> "FormField":
        if self.kind in {"choice", "multi"} and not self.options:
            raise ValueError(f"{self.code}: a choice needs options")
        if self.kind == "phone" and not self.pattern:
            self.pattern, self.pattern_help = (
                r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}",
                "请填写 11 位手机号码，或者带区号的固定电话。",
            )
        return self


class Section(BaseModel):
    """Fields under one heading."""

    model_config = ConfigDict(extra="forbid")
    title: str
    help: str = ""
    fields: list[FormField]


class FormRow(BaseModel):
    """One form."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=r"^[a-z]+(\.[a-z0-9_]+)+$", max_length=60)
    valid_from: datetime.date
    title: str
    sections: list[Section]

    @model_validator(mode="after")
    def _unique(self) -> "FormRow":
        codes = [field.code for field in self.fields]
        if doubled := {code for code in codes if codes.count(code) > 1}:
            raise ValueError(f"{self.code}: {sorted(doubled)} stand twice")
        return self

    @property
    def fields(self) -> list[FormField]:
        """All fields, in order."""
        return [field for section in self.sections for field in section.fields]

    def field(self, code: str) -> FormField | None:
        """The field of this code."""
        return next((field for field in self.fields if field.code == code), None)

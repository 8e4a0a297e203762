"""What a theme is: questions that prune its parts, the parts with their items, and what passes from one to another.

A part is one item of the catalogue. What it needs and gives is read from the item (its form, its materials, its kind of
licence); a theme adds only what no item can know: `consumes`, `produces`, `after`, and the answers that it `given`s itself.
Tokens: `subject.name` (a data element), `material.tax_clearance`, `licence.JY`.
"""

import datetime
from typing import Any, Literal

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, model_validator

from qipan.kernel.forms.conditions import holds
from qipan.kernel.forms.declaration import FormField

CODE = r"^[a-z][a-z0-9_]*$"


class CoverRow(BaseModel):
    """A material that a stricter one makes needless (从严合并): who hands in one of `covered_by` is not asked for it."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=r"^[a-z0-9_]+$", max_length=40)
    valid_from: datetime.date
    covered_by: list[str] = Field(min_length=1)


class Question(FormField):
    """One question of the situation (情形引导). `usual` is the answer that brings the theme's whole list.

    An answer to a question with an `element` is that element's value: the form does not ask again. What the question
    does not say itself (kind, options, bounds) it has from the element, written out when the theme is loaded.
    """

    usual: str | list[str] | bool | None = None

    @model_validator(mode="after")
    def _answerable(self) -> "Question":
        if not self.title:
            raise ValueError(_("情形问题 %(code)s 要写明怎样问（title）。") % {"code": self.code})
        if self.element and "kind" not in self.model_fields_set:
            return self
        if self.kind in {"choice", "multi"} and not self.options:
            raise ValueError(_("情形问题 %(code)s 要有选项。") % {"code": self.code})
        if self.kind not in {"choice", "multi", "bool", "number"}:
            raise ValueError(_("情形问题 %(code)s 只能选择、多选、确认或者填数。") % {"code": self.code})
        if self.personal or self.material:
            raise ValueError(_("情形问题 %(code)s 不能问个人信息或者材料。") % {"code": self.code})
        return self


class PartRow(BaseModel):
    """One item of a theme, with the situation in which it is needed."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=CODE, max_length=30)
    item: str = Field(max_length=40)
    when: dict[str, Any] | None = None
    after: list[str] = []
    consumes: list[str] = []
    produces: list[str] = []
    given: dict[str, Any] = {}


class Same(BaseModel):
    """One element takes the value of another, in a situation: the place of business is the registered domicile.

    `of`: the first of these that is known or asked.
    """

    model_config = ConfigDict(extra="forbid")
    element: str
    of: list[str] = Field(min_length=1)
    when: dict[str, Any] | None = None


class Wish(BaseModel):
    """What the applicant wants besides, and another room does once the business is there (an electronic seal)."""

    model_config = ConfigDict(extra="forbid")
    code: Literal["electronic_seal"]
    when: dict[str, Any] | None = None


class ThemeRow(BaseModel):
    """One theme (主题服务)."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)
    number: int = Field(ge=1, le=999)
    valid_from: datetime.date
    title: str = Field(max_length=60)
    group: Literal["FOOD", "HEALTH", "TRADE", "CULTURE", "BUSINESS"]
    icon: str = "checklist"
    summary: str = Field(max_length=200)
    words: list[str] = []
    unconfirmed: str = ""
    questions: list[Question] = []
    parts: list[PartRow] = Field(min_length=1)
    same: list[Same] = []
    wishes: list[Wish] = []

    @model_validator(mode="after")
    def _checked(self) -> "ThemeRow":
        for name, codes in (
            ("questions", [one.code for one in self.questions]),
            ("parts", [p.code for p in self.parts]),
        ):
            if doubled := sorted({code for code in codes if codes.count(code) > 1}):
                raise ValueError(
                    _("%(what)s 里 %(codes)s 重复。") % {"what": name, "codes": "、".join(doubled)}
                )
        known = {question.code: question for question in self.questions}
        for position, question in enumerate(self.questions):
            self._sound(question.when, f"questions.{question.code}", set(list(known)[:position]))
        for part in self.parts:
            self._sound(part.when, f"parts.{part.code}", set(known))
            codes = {each.code for each in self.parts} - {part.code}
            if lost := set(part.after) - codes:
                raise ValueError(
                    _("部分 %(part)s 的 after 指向不存在的 %(codes)s。")
                    % {"part": part.code, "codes": "、".join(sorted(lost))}
                )
        for wish in self.wishes:
            self._sound(wish.when, f"wishes.{wish.code}", set(known))
        for same in self.same:
            self._sound(same.when, f"same.{same.element}", set(known))
        return self

    def _sound(self, condition: dict[str, Any] | None, where: str, known: set[str]) -> None:
        """A condition asks only what was asked before, with a value that the question can take."""
        for leaf in leaves(condition):
            field = leaf.get("field")
            if field not in known:
                raise ValueError(
                    _("%(where)s 的条件问到了没有（或者还没有）提出的问题 %(field)s。")
                    % {"where": where, "field": field}
                )
            question = next(one for one in self.questions if one.code == field)
            codes = {option.code for option in question.options}
            values = leaf.get("value")
            for value in values if isinstance(values, list) else [values]:
                if codes and leaf["op"] in {"eq", "ne", "in", "contains"} and value not in codes:
                    raise ValueError(
                        _("%(where)s 的条件里，问题 %(field)s 没有选项 %(value)s。")
                        % {"where": where, "field": field, "value": value}
                    )
        try:
            holds(condition, {})
        except (KeyError, ValueError) as error:
            raise ValueError(_("%(where)s 的条件不对：%(why)s") % {"where": where, "why": error}) from None

    def part(self, code: str) -> PartRow | None:
        """The part of this code."""
        return next((part for part in self.parts if part.code == code), None)

    @property
    def usual(self) -> dict[str, Any]:
        """The situation that brings the theme's whole list."""
        return {one.code: one.usual for one in self.questions if one.usual is not None}


def leaves(condition: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The single comparisons of a condition. Raises ValueError for one that has neither parts nor a field."""
    if not condition:
        return []
    for key in ("all", "any"):
        if key in condition:
            return [leaf for part in condition[key] for leaf in leaves(part)]
    if "not" in condition:
        return leaves(condition["not"])
    if not {"field", "op"} <= condition.keys():
        raise ValueError(_("条件要有 field 和 op。"))
    return [condition]

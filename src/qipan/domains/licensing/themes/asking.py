"""Situational questions (情形引导): which parts a situation needs, and what each answer adds or drops."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from qipan.domains.licensing.themes.declaration import PartRow, Question, ThemeRow
from qipan.kernel.forms.conditions import holds
from qipan.kernel.forms.declaration import FormRow, Section
from qipan.kernel.forms.validation import Result, validate


def form_of(theme: ThemeRow) -> FormRow:
    """The questions as a form: shown and checked like every other."""
    return FormRow(
        code="themes.questions",
        valid_from=theme.valid_from,
        title=theme.title,
        sections=[Section.model_construct(title=_("您的情况"), help="", fields=list(theme.questions))],
    )


def answered(theme: ThemeRow, given: Mapping[str, Any], *, draft: bool = False) -> Result:
    """The situation as it is kept: only what is asked in it. A draft may leave questions open."""
    return validate(form_of(theme), given, draft=draft)


def asked(theme: ThemeRow, situation: Mapping[str, Any]) -> list[Question]:
    """The questions of a situation."""
    return [question for question in theme.questions if holds(question.when, situation)]


def chosen(theme: ThemeRow, situation: Mapping[str, Any]) -> list[PartRow]:
    """The parts that a situation needs; an answer to what is not asked in it counts for nothing."""
    known = {question.code for question in asked(theme, situation)}
    said = {code: value for code, value in situation.items() if code in known}
    return [part for part in theme.parts if holds(part.when, said)]


@dataclass(frozen=True)
class Effect:
    """What an answer would change: the parts that it adds and those that it drops."""

    code: str
    title: str
    current: bool
    adds: tuple[str, ...]
    drops: tuple[str, ...]


def effects(theme: ThemeRow, situation: Mapping[str, Any], question: Question) -> list[Effect]:
    """What each answer to a question adds and drops, with all other answers as they are."""
    now = answered(theme, situation, draft=True).cleaned
    if question.kind == "bool":
        answers = [("true", _("是"))]
    else:
        answers = [(option.code, option.title) for option in question.options]
    found = []
    for code, title in answers:
        given = now.get(question.code)
        if question.kind == "multi":
            kept = [one for one in given or [] if one != code]
            current = code in (given or [])
            before, after = {**now, question.code: kept}, {**now, question.code: [*kept, code]}
        elif question.kind == "bool":
            current = given is True
            before, after = {**now, question.code: False}, {**now, question.code: True}
        else:
            current = given == code
            before = (
                {key: value for key, value in now.items() if key != question.code}
                if current or not given
                else now
            )
            after = {**now, question.code: code}
        without, with_it = _codes(theme, before), _codes(theme, after)
        found.append(
            Effect(
                code,
                title,
                current,
                tuple(one for one in with_it if one not in without),
                tuple(one for one in without if one not in with_it),
            )
        )
    return found


def _codes(theme: ThemeRow, situation: Mapping[str, Any]) -> list[str]:
    return [part.code for part in chosen(theme, answered(theme, situation, draft=True).cleaned)]

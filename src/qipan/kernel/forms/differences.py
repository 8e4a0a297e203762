"""What a new version of a form asks otherwise, told to who filled in the old one; and which answers go on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qipan.kernel.forms.conditions import is_empty
from qipan.kernel.forms.declaration import FormField, FormRow, Section
from qipan.kernel.forms.validation import validate

ADDED, DROPPED, STRICTER, OTHER = "ADDED", "DROPPED", "STRICTER", "OTHER"
TITLES = {
    ADDED: gettext_lazy("新增"),
    DROPPED: gettext_lazy("不再填写"),
    STRICTER: gettext_lazy("要求更严"),
    OTHER: gettext_lazy("有改动"),
}


@dataclass(frozen=True)
class Change:
    """One question that is new, gone, stricter or otherwise put; `text` says how."""

    kind: str
    code: str
    title: str
    text: str

    @property
    def kind_title(self) -> str:
        """The kind in words."""
        return str(TITLES[self.kind])


def changes(old: FormRow, new: FormRow) -> list[Change]:
    """What who filled in `old` has to know of `new`, in the order of the form; what is gone comes last."""
    before, after = _questions(old), _questions(new)
    found = []
    for code, asked in after.items():
        was = before.get(code)
        if was is None:
            must = _("必填。") if _required(asked) else _("选填。")
            found.append(Change(ADDED, code, asked.title, must))
        elif texts := list(_stricter(was, asked)):
            found.append(Change(STRICTER, code, asked.title, "".join(texts)))
        elif was.title != asked.title:
            found.append(Change(OTHER, code, asked.title, _("原来的问题是“%(old)s”。") % {"old": was.title}))
    found += [
        Change(DROPPED, code, was.title, _("您填写的内容另存在下面，不会提交。"))
        for code, was in before.items()
        if code not in after
    ]
    return found


def _questions(form: FormRow) -> dict[str, FormField | Section]:
    """Fields and groups; the fields of a group under `group.field`."""
    found: dict[str, FormField | Section] = {}
    for section in form.sections:
        if section.repeat is None:
            found |= {field.code: field for field in section.fields}
        else:
            found[section.code] = section
            found |= {f"{section.code}.{field.code}": field for field in section.fields}
    return found


def _required(asked: FormField | Section) -> bool:
    return asked.required if isinstance(asked, FormField) else bool(asked.repeat and asked.repeat.min)


def _stricter(was: FormField | Section, asked: FormField | Section) -> Iterator[str]:
    if isinstance(was, Section) or isinstance(asked, Section):
        if type(was) is not type(asked):
            yield _("改为另一种填法，请重新填写。")
        elif isinstance(was, Section) and isinstance(asked, Section) and was.repeat and asked.repeat:
            if asked.repeat.min > was.repeat.min:
                yield _("至少填写 %(least)d 行。") % {"least": asked.repeat.min}
            if asked.repeat.max < was.repeat.max:
                yield _("最多填写 %(most)d 行。") % {"most": asked.repeat.max}
        return
    if was.kind != asked.kind:
        yield _("改为另一种填法，请重新填写。")
        return
    if asked.required and not was.required:
        yield _("改为必填。")
    if was.when != asked.when:
        yield _("填写的条件有变化。")
    if asked.kind == "bool" and asked.title != was.title:
        yield _("声明的内容有变化，请重新确认。")
    yield from _bounds(was, asked)
    gone = {option.code for option in was.options} - {option.code for option in asked.options}
    if titles := [option.title for option in was.options if option.code in gone]:
        yield _("不再有选项“%(titles)s”。") % {"titles": "、".join(titles)}
    if asked.pattern and asked.pattern != was.pattern:
        yield asked.pattern_help or _("格式要求有变化。")


def _bounds(was: FormField, asked: FormField) -> Iterator[str]:
    def tighter(name: str, sign: int) -> bool:
        now, then = getattr(asked, name), getattr(was, name)
        return now is not None and (then is None or sign * float(now) > sign * float(then))

    if tighter("min", 1):
        yield _("不能小于 %(limit)s。") % {"limit": f"{float(asked.min or 0):g}"}
    if tighter("max", -1):
        yield _("不能大于 %(limit)s。") % {"limit": f"{float(asked.max or 0):g}"}
    if tighter("min_length", 1):
        yield _("至少 %(least)d 个字。") % {"least": asked.min_length}
    if tighter("max_length", -1):
        yield _("最多 %(most)d 个字。") % {"most": asked.max_length}


def carried(old: FormRow, new: FormRow, answers: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Which answers to `old` go on as answers to `new`, and which do not fit it, both by code.

    A declaration that now says something else is not taken over: who ticked the old one did not read the new.
    """
    before = _questions(old)
    fresh = {
        code
        for code, asked in _questions(new).items()
        if isinstance(asked, FormField)
        and asked.kind == "bool"
        and isinstance(was := before.get(code), FormField)
        and was.title != asked.title
    }
    offered = {code: value for code, value in answers.items() if code in new.codes and code not in fresh}
    result = validate(new, offered, draft=True)
    wrong = {code.partition(".")[0] for code in result.errors}
    kept = {code: value for code, value in offered.items() if code not in wrong}
    kept |= {code: result.cleaned[code] for code in wrong if new.group(code) and code in result.cleaned}
    left = {
        code: value
        for code, value in answers.items()
        if not is_empty(value) and value is not False and (code not in kept or code in wrong)
    }
    return kept, left

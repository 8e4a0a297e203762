"""Themes and material rules from the catalogues; a theme that does not hold together is refused, naming where."""

import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import ValidationError

from qipan.domains.licensing.themes import asking, elements, graph, merging, queries
from qipan.domains.licensing.themes.declaration import CoverRow, ThemeRow, leaves
from qipan.domains.licensing.themes.models import MaterialCover, Theme
from qipan.kernel.forms import elements as dictionary
from qipan.kernel.forms.declaration import FormField
from qipan.kernel.forms.validation import validate
from qipan.kernel.items.models import Item, MaterialType
from qipan.kernel.law import catalogue
from qipan.kernel.law.catalogue import Report, keep_all_dated
from qipan.kernel.law.drafting.kinds import Draftable, Problem, offer
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused

#: Kinds of field that ask for the same sort of thing.
SORTS = {"longtext": "text", "address": "text", "text": "text"}
#: Limits of an answer.
BOUNDS = ("min", "max", "min_length", "max_length")


def load_covers(rows: list[CoverRow], actor: Actor) -> Report:
    """Keep the order of materials; refuses materials that are not there."""
    codes = {code for row in rows for code in (row.code, *row.covered_by)}
    if lost := codes - set(MaterialType.objects.filter(code__in=codes).values_list("code", flat=True)):
        raise _refused("、".join(sorted(lost)), _("没有这种材料。"))
    content = [(row.code, row.valid_from, {"covered_by": row.covered_by}) for row in rows]
    created = keep_all_dated(MaterialCover, content)
    queries.forget()
    return Report("material_covers", created, len(rows) - created)


def load_themes(rows: list[ThemeRow], actor: Actor) -> Report:
    """Keep the themes; each is proven against the items, forms and the dictionary, and none is kept if one is wrong."""
    _number(rows)
    proven = [prove(row) for row in rows]
    content = [
        (
            row.code,
            row.valid_from,
            {"number": row.number, "title": row.title, "body": row.model_dump(mode="json")},
        )
        for row in proven
    ]
    created = keep_all_dated(Theme, content)
    return Report("themes", created, len(rows) - created)


def _refused(code: str, why: str) -> Refused:
    return Refused(_("主题目录 %(code)s 不对：%(why)s") % {"code": code, "why": why})


def _number(rows: list[ThemeRow]) -> None:
    """Refuses rows whose number another theme has on a day on which both hold, today's and released ones included."""
    held = {
        (code, day): number for code, day, number in Theme.objects.values_list("code", "valid_from", "number")
    }
    held |= {(row.code, row.valid_from): row.number for row in rows}
    first = min((row.valid_from for row in rows), default=None)
    for day in sorted({day for _code, day in held if first is not None and day >= first}):
        newest: dict[str, datetime.date] = {}
        for code, since in held:
            if since <= day:
                newest[code] = max(since, newest.get(code, since))
        for row in rows:
            if newest.get(row.code) == row.valid_from and any(
                code != row.code and held[code, since] == row.number for code, since in newest.items()
            ):
                raise _refused(row.code, _("序号 %(number)d 已经有主题。") % {"number": row.number})


def written_out(theme: ThemeRow) -> ThemeRow:
    """The theme with what its questions take from their elements. Refuses one that contradicts its element."""
    try:
        form = dictionary.written_out(asking.form_of(theme))
        taken = [
            question.model_copy(update={name: getattr(field, name) for name in type(field).model_fields})
            for question, field in zip(theme.questions, form.fields, strict=True)
        ]
        return ThemeRow.model_validate(theme.model_copy(update={"questions": taken}).model_dump())
    except ValidationError as error:
        raise _refused(theme.code, "；".join(each["msg"] for each in error.errors())) from None
    except Refused as refused:
        raise _refused(theme.code, str(refused)) from None


def prove(given: ThemeRow) -> ThemeRow:
    """The theme with its elements written out. Refuses one whose items, conditions, order, tokens, answers or merged
    fields do not hold together, or which asks wider than its items' forms accept.
    """
    theme = written_out(given)
    rules = queries.covers(theme.valid_from)
    codes = {part.item for part in theme.parts}
    if lost := codes - set(
        Item.objects.filter(code__in=codes, handler="licensing").values_list("code", flat=True)
    ):
        raise _refused(theme.code, _("没有这样的事项：%(codes)s。") % {"codes": "、".join(sorted(lost))})
    nodes = graph.nodes(theme.parts)
    _order(theme, nodes)
    _tokens(theme, nodes)
    _answers(theme, nodes)
    _elements(theme, nodes, rules)
    _used(theme, nodes)
    usual = asking.answered(theme, theme.usual)
    if usual.errors:
        raise _refused(theme.code, "；".join(usual.errors.values()))
    if not asking.chosen(theme, usual.cleaned):
        raise _refused(theme.code, _("通常情形下没有任何事项。"))
    return theme


def _order(theme: ThemeRow, nodes: list[graph.Node]) -> None:
    """No part may wait for itself by way of others. Alternatives never meet, so each situation is looked at alone."""
    try:
        graph.layers(graph.waits(nodes))
    except graph.Ring as ring:
        raise _refused(theme.code, _("这些部分互相等待：%(codes)s。") % {"codes": ring}) from None


def _tokens(theme: ThemeRow, nodes: list[graph.Node]) -> None:
    """What a part says it consumes is given by another; what it gives exists."""
    given = {token for one in nodes for token in one.produces}
    for one in nodes:
        for token in one.part.consumes:
            if token not in given:
                raise _refused(
                    theme.code,
                    _("部分 %(part)s 需要的 %(token)s 没有部分产生。") % {"part": one.code, "token": token},
                )
        for token in one.part.produces:
            place, _dot, code = token.partition(".")
            if place == "material" and not MaterialType.objects.filter(code=code).exists():
                raise _refused(
                    theme.code,
                    _("部分 %(part)s 产生的材料 %(token)s 不存在。") % {"part": one.code, "token": token},
                )
            if place != "material" and not any(token in other.consumes for other in nodes):
                raise _refused(
                    theme.code,
                    _("部分 %(part)s 产生的 %(token)s 没有人用。") % {"part": one.code, "token": token},
                )


def _answers(theme: ThemeRow, nodes: list[graph.Node]) -> None:
    """What the theme answers by itself fits the item's form."""
    for one in nodes:
        for code, value in one.part.given.items():
            declared = one.form.field(code)
            if declared is None or declared.personal:
                raise _refused(
                    theme.code,
                    _("部分 %(part)s 的表单没有可以代填的字段 %(field)s。")
                    % {"part": one.code, "field": code},
                )
            alone = one.form.model_copy(
                update={"sections": [one.form.sections[0].model_copy(update={"fields": [_plain(declared)]})]}
            )
            if errors := validate(alone, {code: value}).errors:
                raise _refused(theme.code, f"{one.code}.{code}：{errors[code]}")


def _plain(declared: FormField) -> FormField:
    return declared.model_copy(update={"when": None})


def _elements(theme: ThemeRow, nodes: list[graph.Node], rules: queries.Covers) -> None:
    """Fields of one element ask for the same sort of thing and have answers in common; personal ones are of an element."""
    sorts: dict[str, tuple[str, str]] = {}
    asks = [
        (node.code, elements.shared(node.form, each), each) for node in nodes for each in node.form.fields
    ]
    asks += [("questions", question.element, question) for question in theme.questions if question.element]
    for where, element, each in asks:
        if not element:
            if each.personal:
                raise _refused(
                    theme.code, _("个人信息字段 %(field)s 没有数据元。") % {"field": f"{where}.{each.code}"}
                )
            continue
        sort = SORTS.get(each.kind, each.kind)
        known, at = sorts.setdefault(element, (sort, where))
        if known != sort:
            raise _refused(
                theme.code,
                _("数据元 %(element)s 在 %(one)s 和 %(other)s 问的不是同样的内容。")
                % {"element": element, "one": at, "other": where},
            )
        if where != "questions":
            _narrow_enough(theme, where, element, each)
    merged = merging.merge(theme, nodes, rules, theme.usual)
    codes = [
        code for section in merged.form.sections for code in (section.code, *(f.code for f in section.fields))
    ]
    if doubled := sorted({code for code in codes if code and codes.count(code) > 1}):
        raise _refused(theme.code, _("合并后的字段重名：%(codes)s。") % {"codes": "、".join(doubled)})
    for ask in merged.asks.values():
        if ask.field.kind in {"choice", "multi"} and not ask.field.options:
            raise _refused(theme.code, _("字段 %(field)s 没有各表都接受的选项。") % {"field": ask.field.code})


def _narrow_enough(theme: ThemeRow, part: str, element: str, each: FormField) -> None:
    """An answer to a question is accepted by every form that it answers: there is no field there to put it right."""
    for question in theme.questions:
        if question.element != element:
            continue
        beyond = [
            name for name in BOUNDS if getattr(question, name) is None and getattr(each, name) is not None
        ]
        wider = dictionary.contradiction(question, each)
        if beyond or wider:
            raise _refused(
                theme.code,
                _("问题 %(question)s 比部分 %(part)s 的字段 %(field)s 问得宽：%(why)s")
                % {
                    "question": question.code,
                    "part": part,
                    "field": each.code,
                    "why": wider or "、".join(beyond),
                },
            )


def _used(theme: ThemeRow, nodes: list[graph.Node]) -> None:
    """Nothing is asked for nothing: each question prunes a part or answers a field."""
    wanted = {elements.shared(node.form, each) for node in nodes for each in node.form.fields} - {""}
    for same in theme.same:
        if same.element not in wanted:
            raise _refused(theme.code, _("没有表单问数据元 %(element)s。") % {"element": same.element})
    conditions = [
        *(p.when for p in theme.parts),
        *(q.when for q in theme.questions),
        *(s.when for s in theme.same),
    ]
    conditions += [wish.when for wish in theme.wishes]
    looked_at = {leaf["field"] for condition in conditions for leaf in leaves(condition)}
    for question in theme.questions:
        if question.code not in looked_at and question.element not in wanted:
            raise _refused(theme.code, _("问题 %(code)s 的回答没有用处。") % {"code": question.code})


def register() -> None:
    """Make the kinds known."""
    after = ("items", "item_families")
    catalogue.register("material_covers", CoverRow, load_covers, after=("materials",))
    catalogue.register("themes", ThemeRow, load_themes, after=(*after, "material_covers"))
    offer(Draftable("themes", gettext_lazy("主题"), Theme, problems=_problems, labels=LABELS))


LABELS = {"title": gettext_lazy("名称"), "when": gettext_lazy("条件"), "item": gettext_lazy("事项")}


def _problems(row: Any) -> list[Problem]:
    """What keeps a drafted theme from release."""
    try:
        _number([row])
        prove(row)
    except Refused as refused:
        return [Problem(str(refused))]
    return []

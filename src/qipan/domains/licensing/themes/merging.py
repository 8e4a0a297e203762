"""One form of many: each data element and each material is asked once, and every part gets its own answers of it.

A value is looked for in the base library, then in the e-licence, then with the applicant (DOMAIN 3.7 a). What one part
brings about another takes from it. Where two forms set different limits for the same thing, the stricter holds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.translation import gettext as _

from qipan.domains.licensing.asking import words_of
from qipan.domains.licensing.themes import elements
from qipan.domains.licensing.themes.declaration import ThemeRow
from qipan.domains.licensing.themes.graph import SUBJECT, Node, giver, token_of
from qipan.domains.licensing.themes.queries import Covers
from qipan.kernel.forms.conditions import holds, is_empty
from qipan.kernel.forms.declaration import FormField, FormRow, Section, asked_about
from qipan.kernel.items.models import MaterialType
from qipan.kernel.law.dated import in_force

From = Literal["LIBRARY", "LICENCE", "ASKED", "SITUATION", "THEME", "PART", "SAME", "NEVER"]
NEVER, ALWAYS = False, True


@dataclass(frozen=True)
class Origin:
    """Where the value of a part's field comes from. `code`: the merged field, or the part that gives it."""

    place: From
    code: str = ""
    value: Any = None

    @property
    def typed(self) -> bool:
        """Whether it is what the applicant types into the merged field `code`."""
        return self.place == "ASKED" or (self.place == "SAME" and self.value is None)


@dataclass(frozen=True)
class Ask:
    """One field of the merged form, and the fields of parts that it answers."""

    field: FormField
    element: str
    part: str
    takers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Known:
    """What nobody is asked for: title, value, where it comes from."""

    title: str
    value: Any
    place: From
    part: str = ""
    question: str = ""


@dataclass(frozen=True)
class Merged:
    """The one form, and for each field of each part where its value comes from."""

    form: FormRow
    asks: Mapping[str, Ask]
    origins: Mapping[str, Mapping[str, Origin]]
    known: tuple[Known, ...] = ()
    nodes: tuple[Node, ...] = ()

    def node(self, code: str) -> Node:
        """The part of this code."""
        return next(one for one in self.nodes if one.code == code)


@dataclass
class _Merging:
    theme: ThemeRow
    nodes: list[Node]
    rules: Covers
    situation: Mapping[str, Any]
    library: Mapping[str, Mapping[str, Any]]
    wanted: dict[str, list[tuple[Node, FormField]]] = field(default_factory=dict)
    origins: dict[str, dict[str, Origin]] = field(default_factory=dict)
    known: dict[str, Known] = field(default_factory=dict)


def merge(
    theme: ThemeRow,
    nodes: Iterable[Node],
    rules: Covers,
    situation: Mapping[str, Any],
    library: Mapping[str, Mapping[str, Any]] | None = None,
) -> Merged:
    """The merged form of the parts in a situation. `library`: by part, what the registers know, by data element."""
    work = _Merging(theme, list(nodes), rules, situation, library or {})
    for one in work.nodes:
        rows = {group.code: Origin("ASKED", f"{one.code}_{group.code}") for group in one.form.groups}
        typed = (each for each in one.form.fields if each.kind != "file")
        work.origins[one.code] = rows | {each.code: _origin(work, one, each) for each in typed}
    for one in work.nodes:  # materials last: whether one is asked for may depend on what the situation answers
        files = (each for each in one.form.fields if each.kind == "file")
        work.origins[one.code] |= {each.code: _origin(work, one, each) for each in files}
    for one in work.nodes:
        for each in one.form.fields:
            found = work.origins[one.code][each.code]
            if not found.typed:
                continue
            if _settled(each.when, work.origins[one.code]) is NEVER:
                work.origins[one.code][each.code] = Origin("NEVER")
            elif found.place == "ASKED":
                work.wanted.setdefault(found.code, []).append((one, each))
    asks = {code: _ask(work, code, takers) for code, takers in work.wanted.items()}
    return Merged(_form(work, asks), asks, work.origins, tuple(work.known.values()), tuple(work.nodes))


def _origin(work: _Merging, one: Node, each: FormField) -> Origin:
    if each.code in one.part.given:
        return Origin("THEME", value=one.part.given[each.code])
    if each.kind == "file":
        return _material(work, one, each)
    own = work.library.get(one.code, {})
    element = elements.shared(one.form, each)
    if each.element and not is_empty(own.get(each.element)):
        place: From = "LICENCE" if each.element.startswith("grant.") else "LIBRARY"
        _tell(
            work, element or f"{one.code}.{each.code}", each.title, words_of(each, own[each.element]), place
        )
        return Origin(place, value=own[each.element])
    if each.element == "item.target" and one.item.target:
        return Origin("LIBRARY", value=one.item.target)
    if each.element == "grant.number":
        return Origin("LICENCE")
    if not element:
        return Origin("ASKED", f"{one.code}_{each.code}")
    from_part = giver(work.nodes, element, but=one.code)
    if from_part is not None:
        _tell(work, element, each.title, "", "PART", from_part.code)
        return Origin("PART", from_part.code)
    if (
        element in SUBJECT and one.code not in work.library
    ):  # nobody registers it here, so the register has it
        _tell(work, element, each.title, "", "LIBRARY")
        return Origin("LIBRARY")
    return _shared(work, element, each)


def _shared(work: _Merging, element: str, each: FormField) -> Origin:
    """An element of many: answered by the situation, the same as another, or asked under its own name."""
    for question in work.theme.questions:
        value = work.situation.get(question.code)
        if question.element == element and not is_empty(value):
            _tell(work, element, each.title, value, "SITUATION", question=question.code)
            return Origin("SITUATION", value=value)
    for same in work.theme.same:
        if same.element == element and holds(same.when, work.situation):
            found = _first_of(work, same.of)
            if found is not None:
                return found
    return Origin("ASKED", element.replace(".", "_"))


def _first_of(work: _Merging, choices: list[str]) -> Origin | None:
    """Where the first of some elements comes from: the registers, or the merged field of a part that asks for it."""
    founded = any(one.founds for one in work.nodes)
    for element in choices:
        if element in SUBJECT and founded:
            continue  # nobody has it yet
        if element in SUBJECT and not work.library:
            return Origin("LIBRARY")
        for one in work.nodes:
            value = work.library.get(one.code, {}).get(element)
            if not is_empty(value):
                return Origin("SAME", element, value)
            if any(elements.shared(one.form, each) == element and not each.when for each in one.form.fields):
                return Origin("SAME", element.replace(".", "_"))
    return None


def _material(work: _Merging, one: Node, each: FormField) -> Origin:
    code = each.material or each.code
    from_part = _giver_of(work, one, code)
    if from_part is not None:
        _tell(work, f"material.{code}", each.title, "", "PART", from_part.code)
        return Origin("PART", from_part.code)
    stronger = work.rules.stand_ins.get(code, ())
    for other in work.nodes:
        for upload in other.form.fields:
            asked = upload.kind == "file" and upload.required
            asked = asked and _settled(upload.when, work.origins[other.code]) is ALWAYS
            if asked and upload.material in stronger and _giver_of(work, other, upload.material) is None:
                return Origin("ASKED", f"m_{upload.material}")
    return Origin("ASKED", f"m_{code}")


def _giver_of(work: _Merging, one: Node, material: str) -> Node | None:
    """The part whose result is a material of another."""
    kind = in_force(MaterialType, material)
    return giver(work.nodes, token_of(material, kind.licence if kind else ""), but=one.code)


def _tell(
    work: _Merging, key: str, title: str, value: Any, place: From, part: str = "", question: str = ""
) -> None:
    work.known.setdefault(key, Known(title, value, place, part, question))


def _settled(condition: Mapping[str, Any] | None, origins: Mapping[str, Origin]) -> dict[str, Any] | bool:
    """A part's condition in terms of the merged form; ALWAYS or NEVER where it does not depend on what is typed."""
    if not condition:
        return ALWAYS
    for key, wins in (("all", NEVER), ("any", ALWAYS)):
        if key in condition:
            parts = [_settled(part, origins) for part in condition[key]]
            if any(part is wins for part in parts):
                return wins
            left = [part for part in parts if not isinstance(part, bool)]
            return {key: left} if left else not wins
    if "not" in condition:
        inner = _settled(condition["not"], origins)
        return not inner if isinstance(inner, bool) else {"not": inner}
    origin = origins.get(condition["field"], Origin("NEVER"))
    if origin.typed:
        return {**condition, "field": origin.code}
    return holds({**condition, "field": "value"}, {"value": origin.value})


def _ask(work: _Merging, code: str, takers: list[tuple[Node, FormField]]) -> Ask:
    """One field of several: what any of them requires is required, and the narrower limit holds."""
    fields = [each for _one, each in takers]
    # The form by which a business comes into being asks best about it; of materials, the one that is needed names it.
    first_node, first = max(
        takers,
        key=lambda taker: (taker[1].material == code.removeprefix("m_"), taker[0].founds, taker[1].required),
    )
    element = elements.shared(first_node.form, first)
    conditions = [_settled(each.when, work.origins[one.code]) for one, each in takers]
    when = None if any(each is ALWAYS for each in conditions) else _any_of(conditions)
    allowed = [{option.code for option in each.options} for each in fields if each.options]
    return Ask(
        field=first.model_copy(
            update={
                "code": code,
                "element": element,
                "required": any(each.required for each in fields),
                "when": when,
                "options": [one for one in first.options if all(one.code in codes for codes in allowed)],
                "min": _strictest((each.min for each in fields), max),
                "max": _strictest((each.max for each in fields), min),
                "min_length": _strictest((each.min_length for each in fields), max),
                "max_length": _strictest((each.max_length for each in fields), min),
                "pattern": next((each.pattern for each in fields if each.pattern), ""),
                "pattern_help": next((each.pattern_help for each in fields if each.pattern), ""),
                "help": next((each.help for each in (first, *fields) if each.help), ""),
                "street_field": _street(work, first_node, first),
            }
        ),
        element=element,
        part="" if element or first.kind == "file" else first_node.code,
        takers=tuple((one.code, each.code) for one, each in takers),
    )


def _street(work: _Merging, one: Node, each: FormField) -> str:
    """The merged field that asks for the street of this address."""
    origin = work.origins[one.code].get(each.street_field)
    return origin.code if origin is not None and origin.place == "ASKED" else ""


def _any_of(conditions: list[dict[str, Any] | bool]) -> dict[str, Any]:
    left: list[Any] = []
    for each in conditions:
        if each not in left:
            left.append(each)
    return left[0] if len(left) == 1 else {"any": left}


def _strictest(values: Iterable[Any], choose: Any) -> Any:
    given = [value for value in values if value is not None]
    return choose(given, key=float) if given else None


def _form(work: _Merging, asks: Mapping[str, Ask]) -> FormRow:
    before = {
        "subject": _("主体"),
        "place": _("场所"),
        "legal_rep": _("法定代表人（经营者、负责人）"),
        "food": _("食品经营"),
        "staff": _("人员"),
    }
    after = {"contact": _("联系人"), "declared": _("声明")}
    named = {*before, *after}

    def of(prefix: str) -> list[FormField]:
        return [ask.field for ask in asks.values() if ask.element.partition(".")[0] == prefix]

    sections = [_section(title, of(prefix)) for prefix, title in before.items()]
    others = [a.field for a in asks.values() if a.element and a.element.partition(".")[0] not in named]
    sections.append(_section(_("其他内容"), others))
    for one in work.nodes:
        sections.append(_section(one.item.name, [ask.field for ask in asks.values() if ask.part == one.code]))
        sections += [_rows(one, group, work) for group in one.form.groups]
    uploads = [ask.field for ask in asks.values() if ask.field.kind == "file"]
    sections.append(_section(_("材料（每种只交一次）"), uploads, _("图片或者 PDF，可以用手机拍照。")))
    sections += [_section(title, of(prefix)) for prefix, title in after.items()]
    return FormRow.model_construct(
        code="themes.merged",
        valid_from=work.theme.valid_from,
        title=work.theme.title,
        sections=[section for section in _in_turn(sections) if section.fields],
    )


def _in_turn(sections: list[Section]) -> list[Section]:
    """The sections, each field that depends on an answer put behind the question, so that nothing appears further up."""
    asked = {field.code for section in sections if section.repeat is None for field in section.fields}
    placed: set[str] = set()
    waiting: list[tuple[set[str], FormField]] = []
    found = []
    for section in sections:
        if section.repeat is not None:
            found.append(section)
            continue
        fields, coming = [], list(section.fields)
        while coming:
            field = coming.pop(0)
            lacking = set(asked_about(field.when)) & asked - placed
            if lacking:
                waiting.append((lacking, field))
                continue
            fields.append(field)
            placed.add(field.code)
            ready = [one for needs, one in waiting if needs <= placed]
            waiting = [(needs, one) for needs, one in waiting if not needs <= placed]
            coming = ready + coming
        found.append(section.model_copy(update={"fields": fields}))
    # What waits for one another has no order of its own.
    return [*found, _section(_("其他内容"), [one for _needs, one in waiting])]


def _section(title: str, fields: list[FormField], help: str = "") -> Section:
    return Section.model_construct(
        title=title, help=help, fields=fields, code="", repeat=None, row_title="", when=None
    )


def _rows(one: Node, group: Section, work: _Merging) -> Section:
    """A group of rows of one part, under names of its own; conditions within a row look at that row."""
    own = {each.code: Origin("ASKED", f"{one.code}_{each.code}") for each in group.fields}
    fields = [
        each.model_copy(
            update={"code": own[each.code].code, "when": _settled(each.when, own) if each.when else None}
        )
        for each in group.fields
    ]
    when = _settled(group.when, work.origins[one.code])
    return group.model_copy(
        update={
            "code": f"{one.code}_{group.code}",
            "fields": [] if when is NEVER else fields,
            "when": None if isinstance(when, bool) else when,
        }
    )


def split(merged: Merged, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Each part's own answers of the merged ones; what the registers or other parts supply is left to them."""
    found: dict[str, dict[str, Any]] = {}
    for one in merged.nodes:
        answers = found.setdefault(one.code, {})
        for each in one.form.fields:
            origin = merged.origins[one.code][each.code]
            value = values.get(origin.code) if origin.typed else origin.value
            if origin.place not in {"LIBRARY", "LICENCE", "PART", "NEVER"} and not is_empty(value):
                answers[each.code] = value
        for group in one.form.groups:
            rows = values.get(f"{one.code}_{group.code}") or []
            named = [_named(row, one.code) for row in rows if isinstance(row, dict)]
            if named:
                answers[group.code] = named
    return found


def _named(row: Mapping[str, Any], part: str) -> dict[str, Any]:
    return {code.removeprefix(f"{part}_"): value for code, value in row.items()}

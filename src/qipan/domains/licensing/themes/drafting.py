"""A theme's draft: the one form of its parts in the versions that now hold, and what it was filled in by before."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from qipan.domains.licensing.drafting import Draft, in_clear
from qipan.domains.licensing.models import FOLLOWING, Kind
from qipan.domains.licensing.themes import asking, forming
from qipan.domains.licensing.themes.merging import Merged
from qipan.domains.licensing.themes.models import Release, ThemeCase
from qipan.kernel.accounts.models import Person
from qipan.kernel.forms import differences
from qipan.kernel.forms.declaration import FormField, FormRow, Option, Section
from qipan.kernel.orgs.reader import Reader

#: Fields of the draft that no item asks: which licence a part is about, what a newer theme wants to know, the outlet.
GRANT, SITUATION, RELEASE = "grant_", "situation_", "release"


class ThemeDraft(Draft):
    """The draft of a theme's application. `version` names the theme's, the material rules' and each form's version."""

    known: Mapping[str, Any] = {}

    def __init__(self, row: ThemeCase, reader: Reader | None = None) -> None:
        """`reader`: who fills in, and may choose among those licences only that mandates let the reader act on."""
        self.row: ThemeCase = row
        self.reader = reader

    @cached_property
    def merged(self) -> Merged:
        """The one form of the parts and where each value comes from."""
        return forming.merged_of(self.row)

    @cached_property
    def form(self) -> FormRow:  # type: ignore[override]
        """The one form with what the theme itself wants to know."""
        return self._whole(self.merged)

    @cached_property
    def version(self) -> str:  # type: ignore[override]
        """The versions that now hold."""
        return forming.as_text(forming.versions(self.row, self.merged))

    @property
    def filled_by(self) -> str:
        """The versions that were filled in."""
        return forming.as_text({forming.THEME: self.row.theme_on.isoformat(), **self.row.versions})

    def former(self, version: str) -> FormRow | None:
        """The one form by other versions; parts that those do not name are as they now are."""
        merged = self._former(version)
        return self._whole(merged, forming.from_text(version)) if merged else None

    def _former(self, version: str) -> Merged | None:
        given, current = forming.from_text(version), forming.versions(self.row, self.merged)
        if all(current.get(code, day.isoformat()) == day.isoformat() for code, day in given.items()):
            return None
        try:
            return forming.merged_by(self.row, given)
        except LookupError:
            return None

    def news(self, version: str | None = None) -> list[differences.Change]:
        """What is asked otherwise, and which items are new or gone."""
        version = self.filled_by if version is None else version
        old = self._former(version)
        if old is None:
            return []
        form = self._whole(old, forming.from_text(version))
        before = {one.code: one.item.name for one in old.nodes}
        after = {one.code: one.item.name for one in self.merged.nodes}
        added = [name for code, name in after.items() if code not in before]
        dropped = [name for code, name in before.items() if code not in after]
        return [
            *(differences.Change(differences.ADDED, "", name, _("这个事项要一并办理。")) for name in added),
            *(differences.Change(differences.DROPPED, "", name, _("这个事项不再办理。")) for name in dropped),
            *differences.changes(form, self.form),
        ]

    @property
    def plain(self) -> dict[str, Any]:
        """The answers and the choices."""
        return _plain(self.row)

    @property
    def said(self) -> dict[str, Any]:
        """Answers, choices and people."""
        people = self.row.people.select_related("person")
        return {**self.plain, **in_clear({each.role: each.person for each in people})}

    def said_at(self, revision: int) -> dict[str, Any] | None:
        """From the history of the row and of its people."""
        if revision == self.row.revision:
            return self.said
        kept = self.row.events.filter(revision=revision).order_by("-pgh_id").first()  # type: ignore[attr-defined]
        return {**_plain(kept), **in_clear(_people_at(self.row, revision))} if kept else None

    def _whole(self, merged: Merged, days: forming.Days | None = None) -> FormRow:
        sections = [*self._open_questions(days), *self._grants(merged), *merged.form.sections, _release()]
        newest = max((merged.form.valid_from, *(one.form.valid_from for one in merged.nodes)))
        return merged.form.model_copy(update={"sections": sections, "valid_from": newest})

    def _open_questions(self, days: forming.Days | None) -> list[Section]:
        """Questions of the situation that a newer version of the theme asks, or whose old answer it does not take."""
        theme = forming.theme_of(self.row, days)
        open_ones = asking.answered(theme, self.row.situation).errors
        fields = [
            FormField.model_construct(
                **{
                    **dict(question),
                    "code": f"{SITUATION}{question.code}",
                    "element": "",
                    "when": None,
                    "help": question.help,
                }
            )
            for question in asking.asked(theme, self.row.situation)
            if question.code in open_ones
        ]
        return [_section(_("您的情况"), fields)] if fields else []

    def _grants(self, merged: Merged) -> list[Section]:
        """Where the business holds several licences that an item can be about: which one."""
        fields = []
        for one in merged.nodes:
            if self.row.case.subject is None or Kind(one.item.handling) not in FOLLOWING:
                continue
            held = forming.grants_about(one.item, self.row.case.subject, self.reader)
            if len(held) > 1:
                options = [
                    Option(
                        code=str(grant.pk),
                        title=" ".join(
                            [grant.title, grant.number, grant.premises.address if grant.premises else ""]
                        ).strip(),
                    )
                    for grant in held
                ]
                title = _("“%(item)s”办理哪一张证照？") % {"item": one.item.name}
                fields.append(
                    FormField(code=f"{GRANT}{one.code}", title=title, kind="choice", options=options)
                )
        return [_section(_("要办理的证照"), fields)] if fields else []


def _plain(row: Any) -> dict[str, Any]:
    grants = {f"{GRANT}{part}": str(pk) for part, pk in row.grants.items()}
    situation = {f"{SITUATION}{code}": value for code, value in row.situation.items()}
    return {**situation, **grants, RELEASE: row.release, **row.answers}


def _people_at(row: ThemeCase, revision: int) -> dict[str, Person | None]:
    """Whom the form named at a revision, by role."""
    found: dict[str, tuple[int, Person]] = {}
    for each in row.people.select_related("person"):
        states = [each, *each.events.select_related("person")]  # type: ignore[attr-defined]
        for state in states:
            if state.revision <= revision and state.revision >= found.get(each.role, (-1,))[0]:
                found[each.role] = (state.revision, state.person)
    return {role: person for role, (_revision, person) in found.items()}


def _release() -> Section:
    options = [Option(code=code, title=str(title)) for code, title in Release.choices]
    return _section(
        _("领取结果"),
        [FormField(code=RELEASE, title=_("结果怎样领取？"), kind="choice", options=options)],
    )


def _section(title: str, fields: list[FormField]) -> Section:
    return Section(title=title, fields=fields)

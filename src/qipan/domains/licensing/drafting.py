"""A draft that outlives what happens around it: a new version of its form, and a second person who fills it in too."""

import datetime
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from qipan.domains.licensing.asking import form_of, rows_in_words, with_streets, words_of
from qipan.domains.licensing.models import Application
from qipan.kernel.accounts.models import Person
from qipan.kernel.forms import differences
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.conditions import is_empty
from qipan.kernel.forms.declaration import FormRow
from qipan.kernel.forms.validation import Result, validate
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader

PEOPLE = ("contact", "manager")


class Draft(ABC):
    """What is being filled in: one item's application, or a theme's.

    Its row has `answers`, `left_over` (answers that the form no longer takes), `revision` (counts the saves that
    changed something), `saved_by` and `saved_at`.
    """

    row: Any
    #: Fields whose answer is known and not asked.
    known: Mapping[str, Any]

    @property
    @abstractmethod
    def form(self) -> FormRow:
        """What is asked, in the version that now holds."""

    @property
    @abstractmethod
    def version(self) -> str:
        """Names the version of `form`, for the page that shows it."""

    @property
    @abstractmethod
    def filled_by(self) -> str:
        """Names the version that the kept answers were given to."""

    @abstractmethod
    def former(self, version: str) -> FormRow | None:
        """The form in the version that someone had before the eyes, where it is not the one that now holds; else None."""

    @property
    def plain(self) -> dict[str, Any]:
        """What stands in the row, without personal data."""
        return dict(self.row.answers)

    @property
    @abstractmethod
    def said(self) -> dict[str, Any]:
        """Everything that was filled in so far, the applicant's own people in clear, to be seen by who acts for them."""

    @abstractmethod
    def said_at(self, revision: int) -> dict[str, Any] | None:
        """The same at a revision; None where nothing is left of it."""

    def news(self, version: str | None = None) -> list[differences.Change]:
        """What the form in force asks otherwise than that version (than the one that the draft was filled in by)."""
        old = self.former(self.filled_by if version is None else version)
        return differences.changes(old, self.form) if old else []

    def carried(self, answers: Mapping[str, Any], version: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Answers given to a version as answers to the one in force, and in words those that do not fit it."""
        old = self.former(version)
        if old is None:
            return dict(answers), {}
        kept, left = differences.carried(old, self.form, answers)
        told = {
            code: {"title": _title(old, code), "words": in_words(old, code, value)}
            for code, value in left.items()
            if not _personal(old, code)
        }
        return kept, told

    @property
    def kept(self) -> dict[str, Any]:
        """What stands in the draft as answers to the form in force, without personal data."""
        return self.carried(self.plain, self.filled_by)[0]

    def take(
        self,
        answers: Mapping[str, Any],
        version: str,
        check: Callable[[Result], None] = lambda result: None,
    ) -> tuple[Result, dict[str, dict[str, str]]]:
        """Put what is right of these answers into the row; returns what was found, and personal answers by person.

        What is wrong leaves the answer as it was. `check` may find more that is wrong.
        """
        held, beside = self.carried(self.plain, self.filled_by)
        given, aside = self.carried(answers, version)
        result = validate(self.form, with_streets(self.form, given), draft=True, known=self.known)
        check(result)
        personal = {field.code for field in self.form.fields if field.personal}
        wrong = {code.partition(".")[0] for code in result.errors}
        plain = {code: value for code, value in result.cleaned.items() if code not in personal}
        self.row.answers = {**{code: value for code, value in held.items() if code in wrong}, **plain}
        self.row.left_over = {**self.row.left_over, **beside, **aside}
        people: dict[str, dict[str, str]] = {}
        for code in personal & result.cleaned.keys():
            person, _sign, part = code.rpartition("_")
            people.setdefault(person, {})[part] = str(result.cleaned[code])
        return result, people

    def must_be_seen(self, seen: int | None) -> None:
        """Refuses as stale who did not see the newest revision, so that nothing is overwritten unseen."""
        if seen is not None and seen != self.row.revision:
            raise Refused(
                _("这份草稿刚才由他人保存过，请核对后再保存。"),
                code="stale",
                details={"revision": self.row.revision},
            )

    def saved(self, reader: Reader) -> None:
        """A new revision, by this person."""
        self.row.revision += 1
        self.row.saved_by, self.row.saved_at = reader.user_id, now()

    def clashes(self, typed: Mapping[str, Any], seen: int) -> list["Clash"]:
        """What was saved since the revision `seen` and is not what was typed, field by field, in the form's order.

        Where nothing is left of that revision, every field that differs counts as changed by both.
        """
        base, now_said = self.said_at(seen), self.said
        found = []
        for section in self.form.sections:
            asked = (
                [(section.code, section.title)]
                if section.repeat
                else [(f.code, f.title) for f in section.fields]
            )
            for code, title in asked:
                theirs, mine = _settled(now_said.get(code)), _settled(typed.get(code))
                if code in self.known or theirs == mine:
                    continue
                was = _settled(base.get(code)) if base is not None else None
                if base is not None and theirs == was:
                    continue  # only who types now changed it
                found.append(
                    Clash(
                        code,
                        title,
                        in_words(self.form, code, now_said.get(code)),
                        in_words(self.form, code, typed.get(code)),
                        both=base is None or mine != was,
                    )
                )
        return found


class ApplicationDraft(Draft):
    """The draft of one application. `version` is the day from which its form's version is in force."""

    def __init__(self, row: Application) -> None:
        self.row = row

    @property
    def known(self) -> Mapping[str, Any]:  # type: ignore[override]
        """What the registers know of it."""
        return self.row.known

    @cached_property
    def form(self) -> FormRow:  # type: ignore[override]
        """What is asked; what is asked to be corrected, in the version in force when it was submitted (`form_of`)."""
        return form_of(self.row)

    @property
    def version(self) -> str:
        """The day of the form in force."""
        return self.form.valid_from.isoformat()

    @property
    def filled_by(self) -> str:
        """The day of the form that was filled in."""
        return self.row.form_version.isoformat() if self.row.form_version else ""

    def former(self, version: str) -> FormRow | None:
        """The item's form in another version."""
        if version == self.version:
            return None
        try:
            day = datetime.date.fromisoformat(version)
            return forms.asked_on(self.row.item_code, self.row.form_code, day)
        except (ValueError, LookupError):
            return None

    @property
    def said(self) -> dict[str, Any]:
        """Answers and people."""
        return {**self.row.answers, **people_of(self.row)}

    def said_at(self, revision: int) -> dict[str, Any] | None:
        """From the history of the row."""
        if revision == self.row.revision:
            return self.said
        events = self.row.events.filter(revision=revision).order_by("-pgh_id")
        kept = events.select_related("contact", "manager").first()
        return {**kept.answers, **people_of(kept)} if kept else None


def _title(form: FormRow, code: str) -> str:
    asked = form.group(code) or form.field(code)
    return asked.title if asked else code


def _personal(form: FormRow, code: str) -> bool:
    field = form.field(code)
    return field is not None and field.personal


def in_words(form: FormRow, code: str, value: Any) -> str:
    """An answer as it is shown beside another."""
    if is_empty(value):
        return str(_("（没有填写）"))
    if isinstance(value, bool):
        return str(_("是") if value else _("否"))
    group, field = form.group(code), form.field(code)
    if group is not None:
        return rows_in_words(group, value)
    if field is not None and field.kind == "file":
        return str(_("%(count)d 个文件") % {"count": len(value)})
    return words_of(field, value)


@dataclass(frozen=True)
class Clash:
    """A field that another person saved meanwhile: what stands there, what was typed, and whether both changed it."""

    code: str
    title: str
    theirs: str
    mine: str
    both: bool


def _settled(value: Any) -> Any:
    """An answer as it is compared: as text, blanks and ticks that are not set the same as none."""
    if is_empty(value) or value is False:
        return ""
    if isinstance(value, list):
        return [_settled(one) for one in value]
    if isinstance(value, Mapping):
        return {code: said for code, one in value.items() if (said := _settled(one)) != ""}
    return "true" if value is True else str(value).replace("\r\n", "\n").strip()


def people_of(row: Any) -> dict[str, str]:
    """The people whom an application (or a former state of it) names, in clear."""
    return in_clear({name: getattr(row, name) for name in PEOPLE})


def in_clear(people: Mapping[str, Person | None]) -> dict[str, str]:
    """Names and phone numbers by the form's fields (`contact_name`), to be seen and corrected by those who act."""
    values = {}
    for role, person in people.items():
        if person is not None and not person.forgotten_at:
            clear = person.clear(["name", "phone"])
            values |= {f"{role}_name": clear["name"], f"{role}_phone": clear["phone"]}
    return values

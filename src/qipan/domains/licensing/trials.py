"""A drafted form tried on applications that were handed in: what would be refused now, and which answers fit no more."""

from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from qipan.domains.licensing.models import Application
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.conditions import is_empty
from qipan.kernel.forms.declaration import FormRow
from qipan.kernel.forms.elements import written_out
from qipan.kernel.forms.validation import validate
from qipan.kernel.law.drafting.kinds import Effect, Tried, offer_trial
from qipan.kernel.ledger.errors import Refused

STEP = 100
#: Uploads that the item's materials ask for stand beside the form.
UPLOAD = "m_"


def run(row: Any, org_path: str, most: int) -> tuple[int, Iterator[Tried]]:
    """The form on the newest applications by its code in a unit, each beside the version that it was handed in by.

    Personal answers lie in the vault and are not tried. Raises ValueError for a form that contradicts its elements.
    """
    try:
        new = written_out(row)
    except Refused as refused:
        raise ValueError(str(refused)) from None
    handed_in = Application.objects.filter(form_code=row.code, submitted_at__isnull=False)
    rows = handed_in.filter(case__org_path__startswith=org_path).order_by("-submitted_at", "-pk")[:most]
    keys = list(rows.values_list("pk", flat=True))

    def tried() -> Iterator[Tried]:
        for start in range(0, len(keys), STEP):
            chunk = keys[start : start + STEP]
            for one in Application.objects.filter(pk__in=chunk).order_by("-submitted_at", "-pk"):
                yield Tried("licensing.application", one.pk, tuple(_effects(new, one)))

    return len(keys), tried()


def _effects(new: FormRow, one: Application) -> Iterator[Effect]:
    assert one.submitted_at is not None
    now = _errors(new, one)
    try:
        old = forms.form(new.code, timezone.localdate(one.submitted_at))
    except LookupError:
        before: dict[str, str] = {}
        titles: dict[str, str] = {}
    else:
        before = _errors(old, one)
        titles = {field.code: field.title for field in old.fields}
    for code, text in now.items():
        if code not in before:
            group, *_row, last = code.split(".") if "." in code else ("", code)
            field = new.field(last) or new.group(last)
            name = f"{group}.{last}" if group else last
            kind = "missing" if is_empty(_answer(one.answers, code)) else "wrong"
            yield Effect(kind, f"{field.title if field else last}（{name}）", text)
    for code, value in one.answers.items():
        if code not in new.codes and not code.startswith(UPLOAD) and not is_empty(value):
            yield Effect("gone", f"{titles.get(code, code)}（{code}）", "")


def _errors(form: FormRow, one: Application) -> dict[str, str]:
    """What is wrong with the answers by a form; what the register knew, and what lies in the vault, is not asked."""
    skip = frozenset(one.known) | {field.code for field in form.fields if field.personal}
    # Conditions look at what the register knew, too.
    found = validate(form, {**one.known, **one.answers}, skip=skip).errors
    return {code: str(text) for code, text in found.items()}


def _answer(answers: Any, code: str) -> Any:
    """The answer under a code; in a row, under group.index.field."""
    for part in code.split("."):
        if isinstance(answers, list):
            answers = answers[int(part)] if part.isdigit() and int(part) < len(answers) else None
        else:
            answers = answers.get(part) if isinstance(answers, dict) else None
    return answers


def register() -> None:
    """Let forms be tried on applications."""
    offer_trial("forms", run)

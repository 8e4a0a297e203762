"""What stands on a licence (证面), from the register alone: for those who look at it, and for a file made anew."""

from typing import Any

from django.utils.translation import gettext as _

from qipan.domains.licensing.asking import words_of
from qipan.domains.licensing.facts import name_of
from qipan.kernel.accounts.vault import masking
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.declaration import FormRow
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.clock import chinese_date
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.subjects import queries as registry
from qipan.kernel.subjects.models import Grant

FOOD_FORM = "licensing.food_new"
FOOD_KINDS = {"JY", "YB"}
PERSONS = {"rep", "person", "pharmacist"}
"""Lines that name a natural person."""


def lines_of(grant: Grant, *, masked: bool = True) -> list[tuple[str, str]]:
    """The lines of the face: (title, words), people masked where strangers look."""
    show = masking.name if masked else str
    if grant.kind in FOOD_KINDS:
        data = food_certificate(grant)
        titles = (
            ("legal_rep", _("法定代表人（负责人）")),
            ("domicile", _("住所")),
            ("premises", _("经营场所")),
            ("main_format", _("主体业态")),
            ("items", _("经营项目")),
        )
        return [
            (str(title), show(data[code]) if code == "legal_rep" else data[code])
            for code, title in titles
            if data[code] != "—"
        ]
    return [(title, show(value) if code in PERSONS else value) for code, title, value in faces_of(grant)]


def faces_of(grant: Grant) -> list[tuple[str, str, str]]:
    """The lines that the kind of licence declares: (field, title, words); of a choice, the words of its form."""
    kind, subject = items.licence_kind(grant.kind), grant.subject
    place = grant.premises.address if grant.premises else subject.domicile
    about = {
        "name": subject.name,
        "uscc": registry.uscc_of(subject),
        "rep": name_of(subject.legal_rep),
        "domicile": subject.domicile,
        "place": place,
    }
    form = _form_of(grant)
    found = []
    for face in kind.faces if kind else ():
        code = face["field"]
        value = grant.data.get(code) or about.get(code)
        if value not in (None, "", [], False):
            found.append((code, face["title"], words_of(form.field(code) if form else None, value)))
    return found


def _form_of(grant: Grant) -> FormRow | None:
    """The form by which the licence was applied for."""
    item = items.item(grant.item_code)
    if item is None:
        return None
    try:
        return forms.form(item.form)
    except LookupError:
        return None


def _options(field: str, chosen: Any, form: str = FOOD_FORM) -> str:
    declared = forms.form(form).field(field)
    return words_of(declared, [one for one in (chosen if isinstance(chosen, list) else [chosen]) if one])


def food_certificate(grant: Grant, office: str = "") -> dict[str, Any]:
    """The fields of a food business licence (FBL15 23); `office` supervises, the grant's own when not given."""
    subject, data, path = grant.subject, grant.data, office or grant.org_path
    return {
        "licence_number": grant.number,
        "name": subject.name,
        "uscc": registry.uscc_of(subject),
        "legal_rep": name_of(subject.legal_rep) or "—",
        "domicile": subject.domicile or "—",
        "premises": grant.premises.address if grant.premises else subject.domicile or "—",
        "main_format": _options("main_format", data.get("main_format", "")) or "—",
        # Older licences hold items that no new one is applied for with: only a change's form has the words of all.
        "items": _options("new_items", data.get("items", []), "licensing.food_change") or "—",
        "marks": _options("marks", data.get("marks", [])),
        "valid_from": chinese_date(grant.valid_from),
        "valid_to": chinese_date(grant.valid_to) if grant.valid_to else "长期",
        "supervisor": orgs.unit_at(path).name,
        "hotline": "12315",
        "issuer": orgs.district_of(path).name,
    }


def certificate_of(grant: Grant) -> dict[str, Any]:
    """The fields of the file of a licence of any kind, as the register has it today."""
    if grant.kind in FOOD_KINDS:
        return food_certificate(grant)
    subject, item = grant.subject, items.item(grant.item_code)
    district = orgs.district_of(grant.org_path)
    return {
        "name": subject.name,
        "uscc": registry.uscc_of(subject),
        "rows": [[title, value] for _code, title, value in faces_of(grant)],
        "licence_title": grant.title,
        "licence_number": grant.number,
        "valid_from": chinese_date(grant.valid_from),
        "valid_to": chinese_date(grant.valid_to) if grant.valid_to else "长期",
        "supervisor": orgs.unit_at(grant.org_path).name,
        "hotline": "12315",
        "issuer": item.authority if item and item.authority.startswith("深圳市") else district.name,
    }


def seal_path_of(grant: Grant) -> str:
    """Whose seal the file gets: the city bureau's where it decides the item, else the district's."""
    item = items.item(grant.item_code)
    if item is not None and item.authority.startswith("深圳市"):
        return orgs.paths_upward(grant.org_path)[-1]
    return orgs.district_of(grant.org_path).path

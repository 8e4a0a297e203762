"""The officials' side: the register of seals and of their uses, a seal's page, the seals of one's own unit."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from qipan.domains.seals import actions, figures, permissions, queries
from qipan.domains.seals.models import STAFF, Authorisation
from qipan.domains.seals.permissions import LEADERS
from qipan.domains.seals.views import lending, reading
from qipan.kernel.documents.models import AGENCY_KINDS, Seal, SealKind, SealState
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.models import Unit
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import ADMINISTRATORS, Role
from qipan.kernel.subjects import queries as subjects
from qipan.ui.access import reauthenticated, staff
from qipan.ui.refusals import told
from qipan.ui.sent import whole

PAGE = 20


@staff(*STAFF)
def register(request: HttpRequest) -> HttpResponse:
    """The register of seals in one's units, with what it adds up to."""
    reader, get = request.reader, request.GET  # type: ignore[attr-defined]
    text, kind, state, before = (get.get(name, "").strip()[:120] for name in ("q", "kind", "state", "before"))
    rows = queries.register(reader, text=text, kind=kind, state=state, before=whole(before))
    found = list(rows[: PAGE + 1])
    chosen = "&".join(
        f"{name}={value}" for name, value in (("q", text), ("kind", kind), ("state", state)) if value
    )
    context = {
        "seals": found[:PAGE],
        "counts": figures.counts(reader),
        "kinds": SealKind.choices,
        "states": [*SealState.choices, ("EXPIRED", _("已过期"))],
        "text": text,
        "kind": kind,
        "state": state,
        "older": f"{chosen}{'&' if chosen else ''}before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
        "issues": bool(_units(reader)),
    }
    return render(request, "seals/register.html", context)


@staff(*STAFF)
def register_of_uses(request: HttpRequest) -> HttpResponse:
    """The register of uses in one's units."""
    reader, before, kind = request.reader, request.GET.get("before", ""), request.GET.get("kind", "")  # type: ignore[attr-defined]
    found = list(queries.uses(reader, kind=kind, before=whole(before))[: PAGE + 1])
    chosen = f"kind={kind}&" if kind in SealKind.values else ""
    context = {
        "uses": _with_people(found[:PAGE]),
        "figures": figures.of_uses(reader),
        "kinds": SealKind.choices,
        "kind": kind,
        "older": f"{chosen}before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
    }
    return render(request, "seals/register_uses.html", context)


def _with_people(uses: list[Any]) -> list[dict[str, Any]]:
    names = orgs.labels(use.user_id for use in uses if use.user_id)
    return [{"use": use, "who": names.get(use.user_id or 0, "")} for use in uses]


def _units(reader: Reader) -> list[Unit]:
    """The units whose leader the reader is."""
    paths = reader.paths(*LEADERS)
    return list(Unit.objects.filter(path__in=paths).order_by("path")) if paths else []


@staff(*LEADERS)
@reauthenticated
def issue(request: HttpRequest) -> HttpResponse:
    """Make a seal of one's unit."""
    reader, post = request.reader, request.POST  # type: ignore[attr-defined]
    units = _units(reader)
    refused: Refused | None = None
    if request.method == "POST":
        try:
            unit = next((one for one in units if one.path == post.get("unit")), None)
            if unit is None:
                raise Refused(_("请选择单位。"), field="unit")
            seal = actions.issue_for_unit(unit, post.get("kind", ""), reader)
            messages.success(request, _("印章已制发。"))
            return redirect("desk_seal", number=seal.seal_id)
        except Refused as error:
            refused = error
    context = {
        "units": units,
        "kinds": [(kind.value, kind.label) for kind in AGENCY_KINDS],
        "posted": post,
        "refusals": told(refused),
    }
    return render(request, "seals/issue.html", context, status=422 if refused else 200)


def _theirs(request: HttpRequest, number: str) -> Seal:
    return reading.found(queries.seal_for_staff(request.reader, number))  # type: ignore[attr-defined]


@staff(*STAFF)
def seal_page(request: HttpRequest, number: str) -> HttpResponse:
    """One seal of one's units."""
    return _page(request, _theirs(request, number), None)


def _page(request: HttpRequest, seal: Seal, refused: Refused | None) -> HttpResponse:
    reader, before = request.reader, request.GET.get("before", "")  # type: ignore[attr-defined]
    found = list(queries.uses_of(seal, before=whole(before))[: PAGE + 1])
    rows = (
        Authorisation.objects.filter(seal=seal, ended_at__isnull=True).select_related("user").order_by("pk")
    )
    context = {
        "seal": seal,
        "subject": subjects.subject(seal.subject_id) if seal.subject_id else None,
        "unit": Unit.objects.filter(path=seal.unit_path or seal.org_path).first(),
        "usable": seal.state == SealState.ACTIVE and not seal.expired and permissions.may_use(reader, seal),
        "manages": bool(seal.unit_path) and permissions.may_manage(reader, seal),
        "renews": bool(seal.unit_path)
        and permissions.may_manage(reader, seal)
        and seal.state in actions.RENEWABLE,
        "moves": reading.offered(seal, reader),
        "uses": _with_people(found[:PAGE]),
        "older": f"before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
        "authorisations": rows,
        "roles": [(role.value, role.label) for role in Role if role not in ADMINISTRATORS],
        "purposes": reading.purposes(),
        "history": reading.history(seal),
        "posted": request.POST,
        "refusals": told(refused),
    }
    return render(request, "seals/desk_seal.html", context, status=409 if refused else 200)


@staff()
def picture(request: HttpRequest, number: str) -> HttpResponse:
    """What the seal looks like, for those who see it in the register and those who may use it."""
    reader = request.reader  # type: ignore[attr-defined]
    seal = queries.seal_for_staff(reader, number)
    if seal is None:
        seal = Seal.objects.filter(seal_id=number).exclude(unit_path="").first()
        seal = seal if seal is not None and permissions.may_use(reader, seal) else None
    return reading.png(reading.found(seal))


@staff(*STAFF)
@reauthenticated
def move(request: HttpRequest, number: str) -> HttpResponse:
    """Suspend, resume, revoke."""
    return lending.move(request, _theirs(request, number), _page, "desk_seal")


@staff(*LEADERS)
@reauthenticated
def authorise(request: HttpRequest, number: str) -> HttpResponse:
    """Let a post's role use a seal of one's unit, or take that back."""
    return lending.lend(request, _theirs(request, number), _page, "desk_seal", _("已授权。"))


@staff(*LEADERS)
@reauthenticated
def renew(request: HttpRequest, number: str) -> HttpResponse:
    """Exchange a seal of one's unit for a new one."""
    seal = _theirs(request, number)
    if request.method != "POST":
        return redirect("desk_seal", number=number)
    try:
        made = actions.renew_for_unit(seal, request.reader)  # type: ignore[attr-defined]
    except Refused as refused:
        return _page(request, seal, refused)
    messages.success(request, _("已换发，原印章不能再用，用印授权已转到新印章。"))
    return redirect("desk_seal", number=made.seal_id)

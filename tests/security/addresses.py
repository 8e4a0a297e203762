"""Every address of the product: whose data it shows, and what its parameters are filled with.

An address that does not stand here fails the test, and so does one whose parameters have no filler. Scopes:

PUBLIC    anyone; shows what is published and nothing else
OWN       an account's own affairs; what is written is the account's own
DISTRICT  rows of a unit or of a business: refused or empty for everybody of elsewhere, and nothing is written
RULES     what is the same for all staff: catalogues, decision tables in force
ADMIN     Django's administration: the three administrators of the installation
PEER      programs that the information mediator names (`adapters.govstack`): refused to every session, whoever's it is
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver

from qipan.ui import access

PUBLIC, OWN, DISTRICT, RULES, ADMIN, PEER = "public", "own", "district", "rules", "admin", "peer"


@dataclass(frozen=True)
class Entry:
    """What is declared of an address: `fill` names, for each parameter, the kind of object; `query` is asked for too.

    `out` is for everybody who is signed in: a way out that opens nothing.
    """

    scope: str
    fill: dict[str, str] = field(default_factory=dict)
    query: tuple[str, ...] = ("",)
    out: bool = False


def of(scope: str, *query: str, **fill: str) -> Entry:
    """An entry in one line."""
    return Entry(scope, fill, query or ("",))


SEARCH = ("", "?q={name}", "?q={hidden}")

DECLARED: dict[str, Entry] = {
    "": of(PUBLIC),
    "search/": of(PUBLIC, *SEARCH, "?q={code}"),
    "items/": of(PUBLIC, "", "?q={hidden}"),
    "items/<slug:code>/": of(PUBLIC, code="item"),
    "my/": of(OWN, "", "?before=999999999"),
    "my/mandates/": of(OWN),
    "my/mandates/new/": of(OWN, "", "?item=FB-RENEW"),
    "my/mandates/<uuid:uuid>/": of(DISTRICT, uuid="mandate"),
    "notices/": of(OWN, "", "?new=1", "?before=999999999"),
    "notices/unread/": of(OWN),
    "notices/<int:number>/": of(DISTRICT, number="letter"),
    "my/acting/": of(OWN),
    "my/clients/": of(OWN),
    "my/clients/<uuid:uuid>/": of(DISTRICT, uuid="api_client"),
    "my/cases/<uuid:uuid>/": of(DISTRICT, uuid="case"),
    "my/cases/<uuid:uuid>/<slug:code>/": of(DISTRICT, uuid="case", code="step"),
    "documents/<uuid:uuid>/": of(DISTRICT, "", "?download=1", uuid="document"),
    "businesses/": of(PUBLIC, *SEARCH),
    "businesses/<int:pk>/": of(PUBLIC, pk="subject"),
    "publications/": of(PUBLIC, *SEARCH, "?kind=penalty.decision"),
    "open/<slug:form>/": of(PUBLIC, "", "?kind=penalty.decision", "?kind=inspection.result", form="format"),
    "laws/": of(PUBLIC, "", "?q={hidden}"),
    "laws/<str:name>/": of(PUBLIC, name="law"),
    "verify/": of(PUBLIC),
    "verify/<slug:code>/": of(PUBLIC, code="verification"),
    "desk/": of(DISTRICT, *(f"?which={box}" for box in ("todo", "mine", "unclaimed", "countersign", "returned",
                "supervised", "unit", "done")), "?q={hidden}", "?unit=SZ/FT/&which=unit", "?person={person}&which=unit"),
    "desk/wall/": of(DISTRICT, "", "?unit=SZ/FT/", "?unit=SZ/FT/FT01/", "?unit=SZ/"),
    "desk/claim/": of(DISTRICT),
    "desk/workload/": of(DISTRICT, "", "?unit=SZ/FT/", "?unit=SZ/FT/FT01/", "?unit=SZ/"),
    "desk/workload/<int:user_id>/": of(DISTRICT, "", "?unit=SZ/FT/", user_id="officer"),
    "my/offers/<uuid:uuid>/": of(DISTRICT, uuid="offer"),
    "desk/offers/": of(DISTRICT),
    "desk/batch/": of(DISTRICT, "", "?item=FB-RENEW&state=SUBMITTED"),
    "desk/batch/take/": of(DISTRICT),
    "desk/batch/<uuid:uuid>/": of(DISTRICT, uuid="case_batch"),
    "desk/applications/<uuid:uuid>/opinion/": of(DISTRICT, uuid="case"),
    "desk/applications/<uuid:uuid>/countersign/": of(DISTRICT, uuid="case"),
    "desk/applications/<uuid:uuid>/letter/": of(DISTRICT, uuid="case"),
    "desk/applications/<uuid:uuid>/materials/<uuid:file>/": of(DISTRICT, uuid="case", file="material"),
    "desk/orders/<uuid:uuid>/": of(DISTRICT, uuid="order"),
    "desk/orders/<uuid:uuid>/<slug:code>/": of(DISTRICT, uuid="order", code="act"),
    "desk/cases/": of(DISTRICT, *SEARCH, "?q={number}", "?flow=inspection.visit", "?before=999999999"),
    "desk/cases/<uuid:uuid>/": of(DISTRICT, uuid="case"),
    "desk/cases/<uuid:uuid>/decisions/": of(DISTRICT, uuid="case"),
    "desk/cases/<uuid:uuid>/<slug:code>/": of(DISTRICT, uuid="case", code="step"),
    "desk/businesses/": of(DISTRICT, *SEARCH),
    "desk/businesses/<int:pk>/": of(DISTRICT, pk="subject"),
    "desk/tables/": of(RULES),
    "desk/tables/import/": of(RULES),
    "desk/drafts/": of(DISTRICT),
    "desk/drafts/<int:pk>/": of(DISTRICT, pk="draft"),
    "desk/items/": of(RULES, *SEARCH),
    "desk/items/<str:code>/": of(RULES, code="item"),
    "desk/forms/": of(RULES, *SEARCH),
    "desk/forms/<str:code>/": of(RULES, code="form"),
    "desk/catalogue/<slug:kind>/": of(RULES, kind="row_kind"),
    "desk/catalogue/<slug:kind>/<str:code>/": of(RULES, kind="row_kind", code="table"),
    "desk/catalogue/<slug:kind>/<str:code>/draft/": of(RULES, kind="row_kind", code="table"),
    "desk/catalogue/<slug:kind>/<str:code>/yaml/": of(RULES, kind="row_kind", code="table"),
    "desk/tables/<str:code>/": of(RULES, code="table"),
    "desk/tables/<str:code>/dmn/": of(RULES, code="table"),
    "me/": of(OWN),
    "me/delegations/": of(OWN),
    "me/delegations/<int:pk>/": of(DISTRICT, pk="delegation"),
    "me/absences/": of(OWN),
    "me/absences/<int:pk>/": of(DISTRICT, pk="absence"),
    "m/": of(DISTRICT, "", "?which=unit", "?q={hidden}"),
    "m/orders/<uuid:uuid>/": of(DISTRICT, uuid="order"),
    "evidence/uploads/": of(OWN),
    "evidence/uploads/<uuid:pk>/": of(DISTRICT, pk="upload"),
    "evidence/<uuid:uuid>/": of(DISTRICT, uuid="evidence"),
    "evidence/<uuid:uuid>/preview/": of(DISTRICT, uuid="evidence"),
    "evidence/<uuid:uuid>/pages/<int:number>/": of(DISTRICT, uuid="evidence", number="page"),
    "apply/<slug:code>/": of(OWN, code="item"),
    "themes/": of(PUBLIC, "", "?q={hidden}"),
    "themes/<slug:code>/": of(PUBLIC, code="theme"),
    "themes/<slug:code>/start/": of(OWN, code="theme"),
    "themes/cases/<uuid:uuid>/": of(DISTRICT, uuid="case"),
    "themes/cases/<uuid:uuid>/draft/": of(DISTRICT, uuid="case"),
    "desk/themes/": of(RULES),
    "applications/<uuid:uuid>/": of(DISTRICT, uuid="case"),
    "applications/<uuid:uuid>/draft/": of(DISTRICT, uuid="case"),
    "my/bookings/<uuid:uuid>/": of(DISTRICT, uuid="booked_case"),
    "m/visits/": of(DISTRICT),
    "m/checks/<uuid:uuid>/": of(DISTRICT, uuid="order"),
    "m/checks/<uuid:uuid>/note/": of(DISTRICT, uuid="order"),
    "desk/grants/<int:pk>/rescission/": of(DISTRICT, pk="grant"),
    "m/inspections/<uuid:uuid>/": of(DISTRICT, uuid="order"),
    "m/inspections/<uuid:uuid>/note/": of(DISTRICT, uuid="order"),
    "m/inspections/<uuid:uuid>/done/": of(DISTRICT, uuid="order"),
    "m/rechecks/<uuid:uuid>/": of(DISTRICT, uuid="order"),
    "desk/inspections/": of(DISTRICT, *SEARCH),
    "desk/businesses/<int:pk>/inspect/": of(DISTRICT, pk="subject"),
    "my/evaluations/<uuid:uuid>/": of(DISTRICT, uuid="rated_case"),
    "rate/": of(PUBLIC),
    "rate/<slug:code>/": of(PUBLIC, code="verification"),
    "satisfaction/": of(PUBLIC),
    "desk/guard/": of(DISTRICT),
    "desk/evaluations/": of(DISTRICT, "", "?bad=1"),
    "desk/evaluations/orders/<uuid:uuid>/": of(DISTRICT, uuid="follow_up_order"),
    "desk/guard/<str:day>/": of(DISTRICT, day="guarded_day"),
    "desk/guard/differences/<uuid:uuid>/": of(DISTRICT, uuid="difference"),
    "my/licences/": of(OWN),
    "my/licences/calls/": of(OWN),
    "my/licences/<int:pk>/": of(DISTRICT, pk="grant"),
    "my/licences/<int:pk>/show/": of(DISTRICT, pk="grant"),
    "my/licences/<int:pk>/code/": of(DISTRICT, pk="grant"),
    "my/licences/<int:pk>/consent/": of(DISTRICT, pk="grant"),
    "shown/<str:code>/": of(PUBLIC, code="shown"),
    "desk/licences/": of(DISTRICT, "", "?month=2026-11"),
    "desk/licences/callers/": of(RULES),
    "desk/licences/callers/<int:pk>/": of(RULES, pk="caller"),
    "desk/licences/batches/": of(DISTRICT, "", "?kind=JY&org_path=SZ/FT/"),
    "desk/licences/batches/<uuid:uuid>/": of(DISTRICT, uuid="licence_batch"),
    "desk/licences/batches/<uuid:uuid>/manifest/": of(DISTRICT, uuid="licence_batch"),
    "my/seals/": of(OWN),
    "my/seals/apply/": of(OWN, "", "?replaces={seal}"),
    "my/seals/applications/<uuid:uuid>/": of(DISTRICT, uuid="case"),
    "my/seals/<slug:number>/": of(DISTRICT, "", "?before=999999999", number="seal"),
    "my/seals/<slug:number>/picture/": of(DISTRICT, number="seal"),
    "my/seals/<slug:number>/activate/": of(DISTRICT, number="seal"),
    "my/seals/<slug:number>/move/": of(DISTRICT, number="seal"),
    "my/seals/<slug:number>/authorise/": of(DISTRICT, number="seal"),
    "my/seals/<slug:number>/use/": of(DISTRICT, number="seal"),
    "my/seals/<slug:number>/batch/": of(DISTRICT, number="seal"),
    "my/seals/uses/<uuid:uuid>/": of(DISTRICT, uuid="seal_use"),
    "my/seals/uses/<uuid:uuid>/file/": of(DISTRICT, uuid="seal_use"),
    "my/seals/uses/<uuid:uuid>/structure/": of(DISTRICT, uuid="seal_use"),
    "my/seals/batches/<uuid:uuid>/": of(DISTRICT, uuid="seal_batch"),
    "my/seals/rounds/": of(OWN),
    "my/seals/rounds/open/": of(OWN),
    "my/seals/rounds/<uuid:uuid>/": of(DISTRICT, uuid="seal_round"),
    "my/seals/rounds/<uuid:uuid>/file/": of(DISTRICT, uuid="seal_round"),
    "desk/seals/": of(DISTRICT, *SEARCH, "?q={seal}", "?kind=COMPANY&state=ACTIVE", "?before=999999999"),
    "desk/seals/uses/": of(DISTRICT, "", "?kind=COMPANY", "?before=999999999"),
    "desk/seals/issue/": of(DISTRICT),
    "desk/seals/<slug:number>/": of(DISTRICT, "", "?before=999999999", number="seal"),
    "desk/seals/<slug:number>/picture/": of(DISTRICT, number="seal"),
    "desk/seals/<slug:number>/move/": of(DISTRICT, number="seal"),
    "desk/seals/<slug:number>/authorise/": of(DISTRICT, number="seal"),
    "desk/seals/<slug:number>/use/": of(DISTRICT, number="seal"),
    "desk/seals/<slug:number>/batch/": of(DISTRICT, number="seal"),
    "desk/seals/<slug:number>/renew/": of(DISTRICT, number="seal"),
    "desk/seals/uses/<uuid:uuid>/": of(DISTRICT, uuid="seal_use"),
    "desk/seals/uses/<uuid:uuid>/file/": of(DISTRICT, uuid="seal_use"),
    "desk/seals/uses/<uuid:uuid>/structure/": of(DISTRICT, uuid="seal_use"),
    "desk/seals/batches/<uuid:uuid>/": of(DISTRICT, uuid="seal_batch"),
    "api/v1/items": of(PUBLIC),
    "api/v1/items/<code>": of(PUBLIC, code="item"),
    "api/v1/items/<code>/schema": of(PUBLIC, code="item"),
    "api/v1/account": of(OWN),
    "api/v1/subjects": of(OWN),
    "api/v1/grants": of(OWN),
    "api/v1/mandates": of(OWN),
    "api/v1/applications/<uuid>": of(DISTRICT, uuid="case"),
    "api/v1/applications/<uuid>/answers": of(DISTRICT, uuid="case"),
    "api/v1/applications/<uuid>/schema": of(DISTRICT, uuid="case"),
    "api/v1/applications/<uuid>/evaluation": of(DISTRICT, uuid="case"),
    "api/v1/applications/<uuid>/submit": of(DISTRICT, uuid="case"),
    "api/v1/files": of(OWN),
    "api/v1/licence-calls": of(OWN),
    "api/v1/licence-calls/of-my-licences": of(OWN),
    "api/v1/licence-calls/<uuid>/file": of(DISTRICT, uuid="licence_call"),
    "api/v1/cases": of(DISTRICT, *SEARCH, "?q={number}", "?before=999999999"),
    "api/v1/cases/<uuid>": of(DISTRICT, uuid="case"),
    "api/v1/cases/<uuid>/steps/<code>": of(DISTRICT, uuid="case", code="step"),
    "api/v1/cases/<uuid>/documents": of(DISTRICT, uuid="case"),
    "api/v1/documents/<uuid>": of(DISTRICT, uuid="document"),
    "api/v1/businesses": of(PUBLIC, "?q={name}", "?q={hidden}"),
    "api/v1/businesses/<id>": of(PUBLIC, id="subject"),
    "api/v1/businesses/by-code/<code>": of(PUBLIC, code="uscc"),
    "api/v1/licences/<number>": of(PUBLIC, number="licence"),
    "api/v1/verifications/<code>": of(PUBLIC, code="verification"),
    "api/v1/verifications/licences/<number>": of(PUBLIC, number="licence"),
    "api/v1/verifications": of(PUBLIC),
    "api/v1/publications": of(PUBLIC, "", "?q={hidden}", "?q={name}"),
    "api/v1/publications/<uuid>": of(PUBLIC, uuid="publication"),
    "api/v1/open-data": of(PUBLIC),
    "api/v1/open-data/<kind>": of(PUBLIC, "", "?form=csv", kind="kind"),
    "api/v1/desk/inbox": of(DISTRICT, "", *(f"?box={box}" for box in ("unclaimed", "unit", "done", "supervised")),
                            "?q={hidden}"),
    "api/v1/desk/orders/<uuid>": of(DISTRICT, uuid="order"),
    "api/v1/desk/orders/<uuid>/claim": of(DISTRICT, uuid="order"),
    "govstack/services": of(PUBLIC, "", "?name={name}"),
    "govstack/services/<str:service>": of(PUBLIC, service="item"),
    "govstack/services/<str:service>/eForms": of(PUBLIC, service="item"),
    "govstack/services/<str:service>/applications": of(PEER, service="item"),
    "govstack/eForms/<str:form>": of(PUBLIC, form="item"),
    "govstack/applications": of(PEER),
    "govstack/applications/<str:file>": of(PEER, file="case"),
    "govstack/tasks": of(DISTRICT, "", "?sortBy=due"),
    "govstack/tasks/<str:task>": of(PEER, task="order"),
    "govstack/tasks/<str:task>/complete": of(PEER, task="order"),
    "govstack/documents": of(PEER),
    "govstack/data/statistics/1.0": of(PEER),
    "api/v1/": of(PUBLIC),
    "api/openapi.json": of(PUBLIC),
    "api/docs/": of(PUBLIC),
    "i18n/setlang/": of(PUBLIC),
    "accounts/login/": of(PUBLIC),
    "accounts/logout/": of(OWN),
    "accounts/inactive/": of(PUBLIC),
    "accounts/register/": of(PUBLIC),
    "accounts/register/confirm/": of(PUBLIC),
    "accounts/reauthenticate/": of(OWN),
    "accounts/password/change/": of(OWN),
    "accounts/password/reset/": of(PUBLIC),
    "accounts/password/reset/confirm/": of(PUBLIC),
    "accounts/security/": of(OWN),
    "accounts/security/needed/": of(OWN),
    "accounts/tokens/": of(OWN),
    "accounts/tokens/<int:number>/revoke/": of(DISTRICT, number="token"),
    "accounts/sessions/": of(OWN),
    "accounts/2fa/": of(OWN),
    "accounts/2fa/authenticate/": of(PUBLIC),
    "accounts/2fa/reauthenticate/": of(OWN),
    "accounts/2fa/totp/activate/": of(OWN),
    "accounts/2fa/totp/deactivate/": of(OWN),
    "accounts/2fa/recovery-codes/": of(OWN),
    "accounts/2fa/recovery-codes/generate/": of(OWN),
    "accounts/2fa/recovery-codes/download/": of(OWN),
    "accounts/2fa/passkeys/": of(OWN),
    "accounts/2fa/passkeys/add/": of(OWN),
    "accounts/2fa/passkeys/login/": of(PUBLIC),
    "accounts/2fa/passkeys/reauthenticate/": of(OWN),
    "accounts/2fa/passkeys/<int:pk>/remove/": of(DISTRICT, pk="passkey"),
    "accounts/2fa/passkeys/<int:pk>/edit/": of(DISTRICT, pk="passkey"),
    "admin/": of(ADMIN),
    "admin/login/": of(ADMIN),
    "admin/logout/": Entry(ADMIN, out=True),
    "admin/password_change/": of(ADMIN),
    "admin/password_change/done/": of(ADMIN),
    "admin/autocomplete/": of(ADMIN),
    "admin/jsi18n/": of(ADMIN),
    "admin/r/<path:content_type_id>/<path:object_id>/": of(ADMIN, content_type_id="content_type", object_id="flow.case"),
    "admin/(?P<url>.*)$": of(ADMIN, url="nowhere"),
}  # fmt: skip


@dataclass(frozen=True)
class Address:
    """One address as Django knows it: the methods that do something there, and who its view says may open it."""

    pattern: str
    methods: frozenset[str]
    access: Any


def every(urlconf: Any = None) -> dict[str, Address]:
    """All addresses, through includes, operations of the interface, and the administration, by their pattern."""
    found: dict[str, Address] = {}
    for pattern, callback in _patterns(get_resolver(urlconf), ""):
        path_view = access._ninja_view(callback)
        if path_view is None:
            found[pattern] = Address(pattern, frozenset({"GET", "POST"}), getattr(callback, "access", None))
            continue
        known = found.get(pattern)
        methods = {method for operation in path_view.operations for method in operation.methods}
        found[pattern] = Address(pattern, frozenset(methods | (known.methods if known else set())), None)
    return found


def _patterns(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Any]]:
    for entry in resolver.url_patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield pattern, entry.callback
        else:
            yield from _patterns(entry, pattern)


def entry_of(pattern: str) -> Entry | None:
    """What is declared of an address; the pages of a model in the administration are declared together."""
    if pattern in DECLARED:
        return DECLARED[pattern]
    if pattern.startswith("admin/^(?P<app_label>"):
        return of(ADMIN, app_label="app")
    parts = pattern.split("/")
    models = {(one._meta.app_label, one._meta.model_name) for one in admin.site._registry}
    if parts[0] == "admin" and len(parts) > 3 and (parts[1], parts[2]) in models:
        kind = f"{parts[1]}.{parts[2]}"
        return Entry(ADMIN, {"object_id": kind} if "object_id" in pattern else {})
    return None

"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path

from qipan.portal.api import api, documentation
from qipan.portal.public import home, items, laws, mandates, matters, publications
from qipan.portal.public import views as public
from qipan.portal.staff import (
    businesses,
    cases,
    catalogue,
    decisions,
    drafts,
    inbox,
    orders,
    own,
    tables,
    wall,
    workload,
)
from qipan.portal.verification import views as verification

urlpatterns = [
    path("", home.home, name="home"),
    path("search/", home.search, name="search"),
    path("items/", items.item_list, name="items"),
    path("items/<slug:code>/", items.item_page, name="item"),
    path("my/", public.my_cases, name="my_cases"),
    path("my/mandates/", mandates.my_mandates, name="my_mandates"),
    path("my/mandates/new/", mandates.new_mandate, name="new_mandate"),
    path("my/mandates/<uuid:uuid>/", mandates.mandate_act, name="mandate_act"),
    path("my/acting/", matters.choose_business, name="choose_business"),
    path("notices/", public.notices, name="notices"),
    path("notices/unread/", public.unread, name="unread"),
    path("notices/<int:number>/", public.notice, name="notice"),
    path("my/cases/<uuid:uuid>/", public.my_case, name="my_case"),
    path("my/cases/<uuid:uuid>/<slug:code>/", public.my_step, name="my_step"),
    path("documents/<uuid:uuid>/", public.document_file, name="document_file"),
    path("businesses/", public.businesses, name="businesses"),
    path("businesses/<int:pk>/", public.business_page, name="business"),
    path("publications/", publications.publications, name="publications"),
    path("open/<slug:form>/", publications.open_data, name="open_data"),
    path("laws/", laws.laws, name="laws"),
    path("laws/<str:name>/", laws.law_page, name="law"),
    path("verify/", verification.verify_form, name="verify_form"),
    path("verify/<slug:code>/", verification.verify, name="verify"),
    path("desk/", inbox.inbox, name="desk"),
    path("desk/wall/", wall.wall, name="wall"),
    path("desk/workload/", workload.workload, name="workload"),
    path("desk/workload/<int:user_id>/", workload.workload_of, name="workload_of"),
    path("desk/claim/", inbox.claim_several, name="claim_several"),
    path("desk/orders/<uuid:uuid>/", orders.order_page, name="order"),
    path("desk/orders/<uuid:uuid>/<slug:code>/", orders.order_act, name="order_act"),
    path("desk/cases/", cases.desk_cases, name="desk_cases"),
    path("desk/cases/<uuid:uuid>/", cases.desk_case, name="desk_case"),
    path("desk/cases/<uuid:uuid>/decisions/", decisions.case_decisions, name="case_decisions"),
    path("desk/cases/<uuid:uuid>/<slug:code>/", cases.desk_step, name="desk_step"),
    path("desk/businesses/", businesses.desk_businesses, name="desk_businesses"),
    path("desk/businesses/<int:pk>/", businesses.desk_business, name="desk_business"),
    path("desk/drafts/", drafts.draft_list, name="drafts"),
    path("desk/drafts/<int:pk>/", drafts.draft_page, name="draft"),
    path("desk/items/", catalogue.row_list, {"kind": "items"}, name="desk_items"),
    path("desk/items/<str:code>/", catalogue.row_page, {"kind": "items"}, name="desk_item"),
    path("desk/forms/", catalogue.row_list, {"kind": "forms"}, name="desk_forms"),
    path("desk/forms/<str:code>/", catalogue.row_page, {"kind": "forms"}, name="desk_form"),
    path("desk/catalogue/<slug:kind>/", catalogue.row_list, name="catalogue_rows"),
    path("desk/catalogue/<slug:kind>/<str:code>/", catalogue.row_page, name="catalogue_row"),
    path("desk/catalogue/<slug:kind>/<str:code>/draft/", drafts.begin, name="draft_begin"),
    path("desk/catalogue/<slug:kind>/<str:code>/yaml/", drafts.row_file, name="row_file"),
    path("desk/tables/", tables.table_list, name="tables"),
    path("desk/tables/import/", tables.table_import, name="table_import"),
    path("desk/tables/<str:code>/", tables.table_page, name="table"),
    path("desk/tables/<str:code>/dmn/", tables.table_file, name="table_file"),
    path("me/", own.own, name="own"),
    path("me/delegations/", own.delegate, name="own_delegate"),
    path("me/delegations/<int:pk>/", own.revoke, name="own_revoke"),
    path("me/absences/", own.absence, name="own_absence"),
    path("me/absences/<int:pk>/", own.end_absence, name="own_end_absence"),
    path("m/", inbox.phone_home, name="phone_home"),
    path("m/orders/<uuid:uuid>/", orders.phone_order, name="phone_order"),
    path("evidence/", include("qipan.ui.evidence.urls")),
    path("", include("qipan.domains.licensing.urls")),
    path("api/v1/", api.urls),
    path("api/openapi.json", documentation.openapi_file, name="openapi"),
    path("api/docs/", documentation.page, name="api_docs"),
    path("", include("qipan.domains.inspection.urls")),
    path("", include("qipan.domains.seals.urls")),
    path("govstack/", include("qipan.adapters.govstack.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
    path("accounts/", include("qipan.ui.signin.urls")),
]

handler400 = "qipan.portal.errors.bad_request"
handler403 = "qipan.portal.errors.forbidden"
handler404 = "qipan.portal.errors.not_found"
handler500 = "qipan.portal.errors.server_error"

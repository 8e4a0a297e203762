"""The addresses of licensing."""

from django.urls import path

from qipan.domains.licensing import filling, views
from qipan.domains.licensing.batching import views as batching
from qipan.domains.licensing.booking import views as booking
from qipan.domains.licensing.elicences.views import batches as licence_batches
from qipan.domains.licensing.elicences.views import desk as licences_desk
from qipan.domains.licensing.elicences.views import mine as licences
from qipan.domains.licensing.evaluation import views as evaluation
from qipan.domains.licensing.guarding import views as guarding
from qipan.domains.licensing.offers import views as offers
from qipan.domains.licensing.rescission import views as rescission
from qipan.domains.licensing.reviewing import views as reviewing
from qipan.domains.licensing.themes.views import applications, guides

urlpatterns = [
    path("themes/", guides.hall, name="themes"),
    path("themes/<slug:code>/", guides.guide, name="theme"),
    path("themes/<slug:code>/start/", applications.start, name="theme_start"),
    path("themes/cases/<uuid:uuid>/", applications.form, name="theme_form"),
    path("themes/cases/<uuid:uuid>/draft/", applications.draft, name="theme_draft"),
    path("desk/themes/", guides.table, name="theme_table"),
    path("my/licences/", licences.wallet, name="my_licences"),
    path("my/licences/<int:pk>/", licences.licence, name="my_licence"),
    path("my/licences/<int:pk>/show/", licences.show, name="licence_show"),
    path("my/licences/<int:pk>/code/", licences.code, name="licence_code"),
    path("my/licences/calls/", licences.calls, name="licence_calls"),
    path("my/licences/<int:pk>/consent/", licences.consent, name="licence_consent"),
    path("desk/licences/", licences_desk.figures, name="licence_figures"),
    path("desk/licences/callers/", licences_desk.callers, name="licence_callers"),
    path("desk/licences/callers/<int:pk>/", licences_desk.caller, name="licence_caller"),
    path("desk/licences/batches/", licence_batches.batch_list, name="licence_batches"),
    path("desk/licences/batches/<uuid:uuid>/", licence_batches.batch, name="licence_batch"),
    path(
        "desk/licences/batches/<uuid:uuid>/manifest/",
        licence_batches.batch_manifest,
        name="licence_batch_manifest",
    ),
    path("shown/<str:code>/", licences.scanned, name="licence_scan"),
    path("apply/<slug:code>/", views.apply, name="apply"),
    path("applications/<uuid:uuid>/", filling.apply_form, name="apply_form"),
    path("applications/<uuid:uuid>/draft/", filling.apply_draft, name="apply_draft"),
    path("my/bookings/<uuid:uuid>/", booking.booking, name="booking"),
    path("m/visits/", booking.visits, name="visits"),
    path("m/checks/<uuid:uuid>/", views.licensing_check, name="licensing_check"),
    path("m/checks/<uuid:uuid>/note/", views.licensing_check_note, name="licensing_check_note"),
    path("desk/grants/<int:pk>/rescission/", rescission.begin_rescission, name="begin_rescission"),
    path("my/offers/<uuid:uuid>/", offers.renewal_offer, name="renewal_offer"),
    path("desk/offers/", offers.renewal_offers, name="renewal_offers"),
    path("desk/batch/", batching.batch, name="batch"),
    path("desk/batch/take/", batching.take_batch, name="take_batch"),
    path("desk/batch/<uuid:uuid>/", batching.batch_result, name="batch_result"),
    path("desk/applications/<uuid:uuid>/opinion/", reviewing.draft_opinion, name="draft_opinion"),
    path("desk/applications/<uuid:uuid>/countersign/", reviewing.ask_countersign, name="ask_countersign"),
    path("desk/applications/<uuid:uuid>/letter/", reviewing.preview_letter, name="preview_letter"),
    path("desk/applications/<uuid:uuid>/materials/<uuid:file>/", reviewing.material, name="case_material"),
    path("my/evaluations/<uuid:uuid>/", evaluation.my_evaluation, name="my_evaluation"),
    path("rate/", evaluation.rate_by_code, name="rate_form"),
    path("rate/<slug:code>/", evaluation.rate_by_code, name="rate"),
    path("satisfaction/", evaluation.satisfaction, name="satisfaction"),
    path("desk/guard/", guarding.nights, name="guard"),
    path("desk/guard/<str:day>/", guarding.night, name="guard_night"),
    path("desk/guard/differences/<uuid:uuid>/", guarding.difference, name="guard_difference"),
    path("desk/evaluations/", evaluation.evaluations, name="evaluations"),
    path("desk/evaluations/orders/<uuid:uuid>/", evaluation.follow_up, name="follow_up"),
]

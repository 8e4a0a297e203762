"""The addresses of licensing."""

from django.urls import path

from qipan.domains.licensing import views
from qipan.domains.licensing.rescission import views as rescission

urlpatterns = [
    path("apply/<slug:code>/", views.apply, name="apply"),
    path("applications/<uuid:uuid>/", views.apply_form, name="apply_form"),
    path("m/checks/<uuid:uuid>/", views.licensing_check, name="licensing_check"),
    path("m/checks/<uuid:uuid>/note/", views.licensing_check_note, name="licensing_check_note"),
    path("desk/grants/<int:pk>/rescission/", rescission.begin_rescission, name="begin_rescission"),
]

"""The addresses of licensing."""

from django.urls import path

from qipan.domains.licensing import views

urlpatterns = [
    path("apply/<slug:code>/", views.apply, name="apply"),
    path("applications/<uuid:uuid>/", views.apply_form, name="apply_form"),
    path("m/checks/<uuid:uuid>/", views.licensing_check, name="licensing_check"),
]

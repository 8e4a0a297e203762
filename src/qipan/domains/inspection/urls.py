"""The addresses of inspection."""

from django.urls import path

from qipan.domains.inspection import views

urlpatterns = [
    path("m/inspections/<uuid:uuid>/", views.inspection_work, name="inspection_work"),
    path("m/inspections/<uuid:uuid>/note/", views.inspection_note, name="inspection_note"),
    path("m/inspections/<uuid:uuid>/done/", views.inspection_done, name="inspection_done"),
    path("m/rechecks/<uuid:uuid>/", views.inspection_recheck, name="inspection_recheck"),
    path("desk/inspections/", views.inspection_list, name="inspection_list"),
    path("desk/businesses/<int:pk>/inspect/", views.inspection_open, name="inspection_open"),
]

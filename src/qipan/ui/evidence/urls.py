"""The addresses of uploads and files."""

from django.urls import path

from qipan.ui.evidence import views

urlpatterns = [
    path("uploads/", views.uploads, name="uploads"),
    path("uploads/<uuid:pk>/", views.upload, name="upload"),
    path("<uuid:uuid>/", views.evidence_file, name="evidence_file"),
    path("<uuid:uuid>/preview/", views.evidence_preview, name="evidence_preview"),
    path("<uuid:uuid>/pages/<int:number>/", views.evidence_page, name="evidence_page"),
]

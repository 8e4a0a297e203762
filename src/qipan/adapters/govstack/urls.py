"""The routes of the Registration building block; below /govstack/, or alone at the root (`wsgi`)."""

from django.urls import path

from qipan.adapters.govstack import views

urlpatterns = [
    path("services", views.services, name="govstack_services"),
    path("services/<str:service>", views.service, name="govstack_service"),
    path("services/<str:service>/eForms", views.service_forms, name="govstack_service_forms"),
    path("services/<str:service>/applications", views.service_applications, name="govstack_begin"),
    path("eForms/<str:form>", views.form, name="govstack_form"),
    path("applications", views.applications, name="govstack_applications"),
    path("applications/<str:file>", views.application, name="govstack_application"),
    path("tasks", views.tasks, name="govstack_tasks"),
    path("tasks/<str:task>", views.task, name="govstack_task"),
    path("tasks/<str:task>/complete", views.task_complete, name="govstack_complete"),
    path("documents", views.documents, name="govstack_documents"),
    path("data/statistics/1.0", views.service_statistics, name="govstack_statistics"),
]

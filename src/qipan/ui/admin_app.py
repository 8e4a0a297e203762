"""Installs our administration site in place of Django's default one."""

from django.contrib.admin.apps import AdminConfig


class SystemAdminConfig(AdminConfig):
    """Django's admin app with `qipan.ui.admin.SystemAdminSite` as its site."""

    default_site = "qipan.ui.admin.SystemAdminSite"

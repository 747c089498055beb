from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    """Django's admin as the staff's front room."""

    default_site = "projects.site.StaffSite"

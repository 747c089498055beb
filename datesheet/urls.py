from django.contrib import admin
from django.urls import include, path

from bookings.api import api

urlpatterns = [
    path("staff/", admin.site.urls),
    path("account/", include("accounts.urls")),
    path("account/", include("allauth.urls")),
    path("", include("projects.urls")),
    path("", include("scheduling.urls")),
    path("", include("bookings.urls")),
    path("api/v1/", api.urls),
]

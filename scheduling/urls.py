from django.urls import path

from . import views

app_name = "scheduling"

urlpatterns = [
    path("d/<slug:institution>/<slug:project>/", views.datesheet, name="datesheet"),
    path("d/<slug:institution>/<slug:project>/slip/", views.slip, name="slip"),
]

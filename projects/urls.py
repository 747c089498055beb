from django.urls import path

from . import views

urlpatterns = [
    path("", views.home, name="home"),
    path("at/<slug:institution>/<slug:project>/", views.resume, name="resume"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]

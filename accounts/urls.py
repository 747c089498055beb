from django.urls import path

from . import views

urlpatterns = [
    path("language/", views.language, name="account_language"),
    path("sessions/<int:pk>/end/", views.end_session, name="account_end_session"),
]

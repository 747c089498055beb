"""The way in: where a person's work is, and whether the site is well."""

from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from . import access


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """A person's projects, the one opened last first."""
    projects = access.projects_of(request.user)
    institutions = access.institutions_of(request.user)
    return render(request, "projects/home.html", {"projects": projects, "institutions": institutions})


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ready", content_type="text/plain")

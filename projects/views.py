"""The way in: where a person's work is, and whether the site is well."""

from typing import NamedTuple

from django.contrib.auth.decorators import login_required
from django.db import connection
from django.db.models import F, OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from . import access, addresses, ways_in
from .models import Institution, Membership, Place, Project, ProjectMember, ProjectRole, Role


class Entry(NamedTuple):
    """A project as the home page lists it."""

    project: Project
    role: str
    is_mine: bool  # opened by this person before


class House(NamedTuple):
    """An institution as the home page lists it."""

    institution: Institution
    role: str
    may_make_projects: bool


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """A person's projects, the one opened last first, and the pages of other kinds that are the person's."""
    places = Place.objects.filter(user=request.user, project=OuterRef("pk"))
    projects = access.projects_of(request.user).annotate(opened_at=Subquery(places.values("opened_at")[:1]))
    projects = projects.order_by(F("opened_at").desc(nulls_last=True), "-last_accessed_at", "pk")
    roles = dict(ProjectMember.objects.filter(user=request.user).values_list("project", "role"))
    memberships = dict(Membership.objects.filter(user=request.user).values_list("institution", "role"))

    def role_in(project: Project) -> ProjectRole:
        if memberships.get(project.institution_id) == Role.ADMINISTRATOR:
            return ProjectRole.OWNER
        return ProjectRole(roles[project.pk])

    entries = [Entry(row, str(role_in(row).label), row.opened_at is not None) for row in projects]
    open_ones = [entry for entry in entries if not entry.project.is_archived]
    houses = [
        House(row, str(Role(role).label) if role else "", role in {Role.ADMINISTRATOR, Role.OFFICE})
        for row in access.institutions_of(request.user)
        for role in [memberships.get(row.pk)]
    ]
    ways = ways_in.of(request.user)
    if len(ways) == 1 and not (entries or houses):
        # A parent or tutor, who has nothing else to do here.
        return redirect(ways[0].address)
    context = {
        # A family of two schools, a tutor who is a parent too: projects are nothing to them.
        "title": _("My projects") if entries or houses or not ways else _("My pages"),
        "ways": ways,
        "entries": open_ones,
        "archived": [entry for entry in entries if entry.project.is_archived],
        "last": next((entry.project for entry in open_ones if entry.is_mine), None),
        "houses": houses,
    }
    return render(request, "projects/home.html", context)


@login_required
def resume(request: HttpRequest, institution: str, project: str) -> HttpResponse:
    """Into a project, to the page where this person was."""
    standing = access.standing(request.user, institution, project)
    if standing is None:
        raise Http404
    place = Place.objects.for_project(standing.project).filter(user=request.user).first()
    front = addresses.staff(request, institution, project)
    if place is None or not place.path.startswith("/staff/"):
        return redirect(front)
    return redirect(front.removesuffix("/staff/") + place.path)


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ready", content_type="text/plain")

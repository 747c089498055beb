"""The front page of a project: how far it is, what it has, what is wrong, what comes next."""

from typing import NamedTuple

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from projects import files
from projects.models import StoredFile
from projects.site import Words

from ..models import Publication, Solution
from ..readiness import Readiness
from . import curve


class Card(NamedTuple):
    label: Words
    count: int
    note: Words
    icon: str
    address: str


def project_front(request: HttpRequest) -> HttpResponse:
    ready = Readiness(request.project)
    run = ready.run_under_way
    step = ready.next_step
    context = {
        **admin.site.each_context(request),
        "title": request.project.name,
        "subtitle": request.project.term,
        "ready": ready,
        "step": step,
        "step_address": _address(step.page, step.number),
        "warnings": [(warning, _address(warning.page)) for warning in ready.warnings],
        "cards": _cards(ready),
        "run": run,
        "curves": curve.of(run) if run else [],
        "solutions": Solution.objects.for_project(request.project).select_related("run")[:5],
        "publications": Publication.objects.for_project(request.project).select_related("solution")[:3],
        "files": files.readable(
            request.standing, StoredFile.objects.for_project(request.project).select_related("created_by")
        )[:5],
        "lists": _lists(request),
    }
    return TemplateResponse(request, "scheduling/staff/front.html", context)


def _address(page: str, number: int | None = None) -> str:
    names = {"exams": "scheduling_exam_changelist", "rooms": "scheduling_room_changelist"}
    names |= {"periods": "scheduling_period_changelist"}
    name = f"admin:{names.get(page, page)}"
    return reverse(name, args=[number] if number else [])


def _cards(ready: Readiness) -> list[Card]:
    def listing(model: str) -> str:
        return reverse(f"admin:scheduling_{model}_changelist")

    return [
        Card(_("Students"), ready.students, "", "users", listing("student")),
        Card(_("Registrations"), ready.registrations, "", "clipboard-list", listing("registration")),
        Card(_("Courses"), ready.courses, "", "book-open", listing("course")),
        Card(_("Exams"), ready.exams, "", "file-text", listing("exam")),
        Card(
            _("Rooms"),
            ready.usable_rooms,
            _("%s seats") % number_format(ready.seats, force_grouping=True) if ready.seats else "",
            "door-open",
            listing("room"),
        ),
        Card(
            _("Periods"),
            ready.periods,
            _("on %d days") % ready.days if ready.days else "",
            "clock",
            listing("period"),
        ),
        Card(_("Teachers"), ready.teachers, "", "briefcase", listing("teacher")),
    ]


def _lists(request: HttpRequest) -> dict[str, str]:
    """Where the rest of each short list stands, if this installation and this person have it."""
    links = [link for _label, links in admin.site.navigation(request) for link in links]
    return {link.address.rstrip("/").rsplit("/", 1)[-1]: link.address for link in links}

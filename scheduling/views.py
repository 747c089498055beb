"""What the public sees: a published datesheet, by programme and course. Nothing about any person."""

import hashlib
from datetime import date
from itertools import groupby
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control
from django.views.decorators.cache import never_cache
from django.views.decorators.http import condition, require_http_methods, require_safe

from projects import throttle

from . import slips
from .models import Publication

# Codes that were mistyped, by network address: a few in a minute, more in an hour.
SLIP_RATES = (throttle.Rate(10, 60), throttle.Rate(60, 3600))


def _publication(institution: str, project: str) -> Publication:
    """The newest publication at that address: the one that is shown, or the one that was taken back."""
    found = (
        Publication.objects.filter(project__slug=project, project__institution__slug=institution)
        .select_related("project__institution")
        .order_by("-version")
        .first()
    )
    if found is None:
        raise Http404
    return found


def _etag(request: HttpRequest, institution: str, project: str) -> str | None:
    try:
        found = _publication(institution, project)
    except Http404:
        return None
    request.publication = found
    seen = f"{found.pk} {found.withdrawn_at} {request.GET.urlencode()} {translation.get_language()}"
    seen += f" {request.COOKIES.get('theme', '')} {request.user.pk}"
    return f'"{hashlib.sha256(seen.encode()).hexdigest()[:32]}"'


@require_safe
@condition(etag_func=_etag)
def datesheet(request: HttpRequest, institution: str, project: str) -> HttpResponse:
    """The datesheet by day and period, narrowed to a programme or to what a person looks for."""
    publication = getattr(request, "publication", None) or _publication(institution, project)
    chosen = request.GET.get("programme", "")
    words = request.GET.get("q", "").casefold().split()
    rows = [
        row
        for row in publication.table
        if (not chosen or chosen in row["programmes"]) and all(word in _text(row) for word in words)
    ]
    context: dict[str, Any] = {
        "publication": publication,
        "season": publication.project,
        "school": publication.project.institution,
        "is_withdrawn": publication.withdrawn_at is not None,
        "programmes": sorted({name for row in publication.table for name in row["programmes"]}),
        "programme": chosen,
        "q": request.GET.get("q", ""),
        "days": _by_day(rows),
        "exams": len(rows),
    }
    with timezone.override(publication.project.institution.time_zone):
        response = render(request, "scheduling/datesheet.html", context)
    patch_cache_control(response, private=True, max_age=0, must_revalidate=True)
    return response


def _text(row: dict[str, Any]) -> str:
    return " ".join([row["code"], row["title"], *row["courses"], *row["programmes"]]).casefold()


def _by_day(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Days of periods of exams, as the page shows them."""
    return [
        {
            "date": date.fromisoformat(day),
            "periods": [
                {"name": name, "starts": starts, "exams": list(exams)}
                for (starts, name), exams in groupby(of_day, key=lambda row: (row["starts"], row["period"]))
            ],
        }
        for day, of_day in groupby(rows, key=lambda row: row["date"])
    ]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def slip(request: HttpRequest, institution: str, project: str) -> HttpResponse:
    """A student's own slip, by its code: typed, or brought along by the address in the QR code behind #,
    which no server sees. So the code stands in no log and in no list of visited pages."""
    publication = _publication(institution, project)
    context: dict[str, Any] = {
        "publication": publication,
        "season": publication.project,
        "school": publication.project.institution,
        "may_be_seen": slips.may_be_seen(publication),
    }
    if request.method == "POST" and context["may_be_seen"]:
        address = throttle.client_address(request)
        try:
            throttle.slow_down("slip", address, rates=SLIP_RATES)
        except throttle.SlowDown as reason:
            return throttle.too_many(request, reason)
        try:
            found = slips.find_slip(publication=publication, code=request.POST.get("code", ""))
        except slips.NoSlip as reason:
            context["refused"] = str(reason)
        else:
            # A whole class behind one address may look at its slips: only misses count.
            throttle.give_back("slip", address, rates=SLIP_RATES)
            context["slip"] = found
            context["desks"] = slips.desks_of(found)
            if not context["desks"]:
                context["exams"] = slips.exams_of(found, publication)
    with timezone.override(publication.project.institution.time_zone):
        response = render(request, "scheduling/slip.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response

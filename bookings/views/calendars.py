"""The secret calendar address of a child: what a calendar program asks for, without a person signed in."""

import hashlib

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.http import parse_etags, quote_etag
from django.views.decorators.http import require_safe

from projects.models import Institution
from projects.throttle import Rate, throttled

from .. import feeds

# A family's programs ask some times a day; this leaves a school's whole network room.
FEEDS = Rate(300, 60)


@require_safe
@throttled("calendar feed", FEEDS)
def feed(request: HttpRequest, institution: str, token: str) -> HttpResponse:
    found = Institution.objects.filter(slug=institution).first()
    opened = feeds.of_token(found, token) if found else None
    if opened is None:
        raise Http404
    with timezone.override(found.time_zone), translation.override(opened.guardian.language):
        content = feeds.feed_file(opened)
    etag = quote_etag(hashlib.sha256(content).hexdigest()[:32])
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="activities.ics"'
    response["ETag"] = etag
    response["Cache-Control"] = "private, max-age=0, must-revalidate"
    response["X-Robots-Tag"] = "noindex"
    return response

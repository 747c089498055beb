"""Form work that was not saved yet, kept in the session: on any page, in any tab, until it is saved.

A draft belongs to the address of its form, and an address names its tenant. Drafts hold texts only, never
files or passwords, and they are few and small: the session is read at every request.
"""

import json
import re
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

KEY = "drafts"
MOST = 20
MOST_BYTES, MOST_BYTES_TOGETHER = 100_000, 400_000
SECRET = re.compile(r"password|secret|token", re.IGNORECASE)


class CannotKeep(Exception):
    """Why a draft was not kept."""


def keep(session: Any, path: str, fields: dict[str, list[list[str]]]) -> None:
    """Keep the changed fields of the form at that address: [[value, what a choice shows], …] by name."""
    fields = {name: told for name, told in fields.items() if not SECRET.search(name)}
    drafts = session.get(KEY, {})
    drafts.pop(path, None)
    if fields:
        if not _is_fields(fields):
            raise CannotKeep("fields are lists of pairs of texts")
        if len(json.dumps(fields)) > MOST_BYTES:
            raise CannotKeep("too large")
        drafts[path] = {"at": timezone.now().isoformat(), "fields": fields}
    # Those kept longest go first.
    while len(drafts) > MOST or len(json.dumps(drafts)) > MOST_BYTES_TOGETHER:
        del drafts[next(iter(drafts))]
    session[KEY] = drafts


def find(session: Any, path: str) -> dict[str, Any] | None:
    return session.get(KEY, {}).get(path)


def forget(session: Any, path: str) -> None:
    """The form was saved, or its draft thrown away."""
    if path in session.get(KEY, {}):
        del session[KEY][path]
        session.modified = True


@require_http_methods(["GET", "POST"])
def drafts(request: HttpRequest) -> HttpResponse:
    """What static/js/drafts.js asks and tells."""
    here = request.path.removesuffix("drafts/")
    path = request.GET.get("path", "")
    # A form of this tenant only: what the person cannot open here has no draft here either.
    if not path.startswith(here) or len(path) > 500:
        return HttpResponse(status=400)
    if request.method == "POST":
        try:
            keep(request.session, path, json.loads(request.body)["fields"])
        except (CannotKeep, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return HttpResponse(status=400)
        return HttpResponse(status=204)
    draft = find(request.session, path)
    if draft is None:
        return HttpResponse(status=204)
    at = date_format(timezone.localtime(parse_datetime(draft["at"])), "j M H:i")
    return JsonResponse(
        {
            "fields": draft["fields"],
            "sentence": _("You have unsaved work from %(at)s.") % {"at": at},
            "restore": _("Restore"),
            "discard": _("Discard"),
        }
    )


def _is_fields(fields: Any) -> bool:
    return isinstance(fields, dict) and all(
        isinstance(told, list)
        and all(
            isinstance(pair, list) and len(pair) == 2 and all(isinstance(t, str) for t in pair)
            for pair in told
        )
        for told in fields.values()
    )

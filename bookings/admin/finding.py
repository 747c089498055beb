"""Find one row among hundreds by a few words of it: a field that works with and without scripts.

What is typed is looked for when the form is sent; where several rows fit, the form comes back with those to
choose from. With scripts the choices appear while one types (static/js/find.js).
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from projects.models import Institution, TenantModel

from ..models import Child, Guardian, Household, Meeting, Session, WaitEntry

# So many are offered at once.
MOST = 12
BETWEEN = " · "


class Kind(NamedTuple):
    """Rows that are looked for: in which fields, and what a person reads of one. Each word must be found."""

    model: type[TenantModel]
    fields: tuple[str, ...]
    words: Callable[[Any], list[Any]]
    narrow: Callable[[QuerySet], QuerySet] = lambda rows: rows


def _of_child(child: Child) -> list[Any]:
    homes = {right.guardian.household for right in child.guardianships.all()}
    return [child, child.year_group, *sorted(home.reference for home in homes if home)]


def _of_session(session: Session) -> list[Any]:
    when = f"{session.get_weekday_display()} {session.starts:%H:%M}" if session.starts else ""
    return [session, when, session.term]


def _of_meeting(meeting: Meeting) -> list[Any]:
    local = meeting.starts_at.astimezone(ZoneInfo(meeting.institution.time_zone))
    return [meeting.session, f"{local:%Y-%m-%d %H:%M}"]


KINDS = {
    "child": Kind(
        Child,
        (
            "given_name",
            "family_name",
            "known_as",
            "number",
            "year_group__name",
            "guardianships__guardian__household__reference",
        ),
        _of_child,
        lambda rows: (
            rows.filter(erased_at=None, merged_into=None)
            .select_related("year_group")
            .prefetch_related("guardianships__guardian__household")
        ),
    ),
    "session": Kind(
        Session,
        ("activity__name", "name", "term__name"),
        _of_session,
        lambda rows: rows.select_related("activity", "term"),
    ),
    "meeting": Kind(
        Meeting,
        ("session__activity__name", "session__name"),
        _of_meeting,
        lambda rows: (
            rows.live()
            .filter(ends_at__gt=timezone.now())
            .select_related("session__activity", "institution")
            .order_by("starts_at")
        ),
    ),
    "guardian": Kind(
        Guardian,
        ("name", "email", "household__reference"),
        lambda row: [row, row.household and row.household.reference],
        lambda rows: rows.filter(erased_at=None, merged_into=None).select_related("household"),
    ),
    "household": Kind(
        Household,
        (
            "name",
            "reference",
            "guardians__name",
            "guardians__guardianships__child__given_name",
            "guardians__guardianships__child__family_name",
        ),
        lambda row: [row, row.reference],
        lambda rows: rows.filter(merged_into=None),
    ),
    "entry": Kind(
        WaitEntry,
        ("child__given_name", "child__family_name", "session__activity__name", "session__name"),
        lambda row: [row.child, row.session, f"#{row.seq}"],
        lambda rows: rows.waiting().in_turn().select_related("child", "session__activity"),
    ),
}


def label(kind: str, row: Any) -> str:
    """Amal Abbasi · Year 3 · F00012."""
    return BETWEEN.join(str(part) for part in KINDS[kind].words(row) if part)


def find(kind: str, institution: Institution, text: str) -> list[Any]:
    """Rows in which every word is found: one more than are offered, so that one sees that there are more.

    The whole label finds its own row only.
    """
    told = KINDS[kind]
    rows = told.narrow(told.model._default_manager.for_institution(institution))
    # What only the label shows (a weekday, a number in the queue) is in no field: its first part leads there.
    typed = text.split(BETWEEN)[0] if BETWEEN in text else text
    words = re.findall(r"[\w@.-]+", typed.replace("\0", ""))[:8]
    if not words:
        return []
    for word in words:
        fits = Q()
        for field in told.fields:
            fits |= Q(**{f"{field}__icontains": word})
        # A sub-select for each word, so that one row stays one row.
        rows = rows.filter(pk__in=told.model._default_manager.for_institution(institution).filter(fits))
    if BETWEEN in text:
        return [row for row in rows[:500] if label(kind, row) == text.strip()]
    return list(rows[: MOST + 1])


class FindInput(forms.TextInput):
    """A search field; below it what was found, where that is more than one."""

    template_name = "bookings/find_input.html"
    input_type = "search"

    def __init__(self, kind: str) -> None:
        super().__init__(attrs={"autocomplete": "off", "spellcheck": "false"})
        self.kind = kind
        self.found: list[tuple[int, str]] = []
        self.has_more = False
        self.chosen: int | None = None

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.get(name, ""), data.get(f"{name}-found", "")

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data and f"{name}-found" not in data

    def format_value(self, value: Any) -> str:
        return (value[0] if isinstance(value, tuple) else value) or ""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"] |= {
            "found": self.found,
            "has_more": self.has_more,
            "chosen": self.chosen,
            "address": reverse("admin:find", args=[self.kind]),
        }
        return context


class FindField(forms.Field):
    """One row of the institution. The form sets `institution` before it is checked."""

    institution: Institution | None = None

    def __init__(self, kind: str, **options: Any) -> None:
        super().__init__(widget=FindInput(kind), **options)
        self.kind = kind

    def clean(self, value: Any) -> Any:
        text, chosen = value
        told, institution = KINDS[self.kind], self.institution
        if institution is None or not (text.strip() or chosen):
            super().clean("")
            return None
        found = find(self.kind, institution, text)
        offered = [row for row in found if str(row.pk) == chosen]
        if not offered and chosen.isdecimal() and len(chosen) < 19:
            # It was offered for other words, which somebody has changed since or which found very many.
            rows = told.narrow(told.model._default_manager.for_institution(institution))
            offered = [] if found else list(rows.filter(pk=chosen))
        if len(found) == 1 or len(offered) == 1:
            row = offered[0] if offered else found[0]
            if offered:
                self._offer([row])
                self.widget.chosen = row.pk
            return row
        self._offer(found[:MOST])
        self.widget.has_more = len(found) > MOST
        if not found:
            raise forms.ValidationError(
                _("Nothing fits “%s”. Write less of the name, or another part of it.") % text
            )
        raise forms.ValidationError(_("Several fit “%s”: choose one of them.") % text)

    def _offer(self, rows: list[Any]) -> None:
        self.widget.found = [(row.pk, label(self.kind, row)) for row in rows]


def choices(request: HttpRequest, kind: str) -> JsonResponse:
    """What fits the words typed so far."""
    if kind not in KINDS:
        raise Http404
    text = request.GET.get("q", "")[:100]
    found = find(kind, request.institution, text)[:MOST] if len(text.strip()) > 1 else []
    return JsonResponse({"found": [label(kind, row) for row in found]})

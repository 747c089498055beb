"""What the office must put right before two families can be one, in sentences."""

from collections.abc import Iterator
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from .duplicates import Same
from .models import (
    AttendanceMark,
    Booking,
    Child,
    DrawResult,
    Guardian,
    Household,
    Meeting,
    Preference,
    WaitEntry,
)


def clashes(*, kept: Household, other: Household, same: list[Same]) -> Iterator[str]:
    """Sentences about what the office must put right first."""
    if kept.pk == other.pk:
        yield _("Choose two different households.")
        return
    for row in (kept, other):
        if row.merged_into_id:
            yield _("%s was merged already.") % row
    for pair in same:
        if isinstance(pair.kept, Guardian):
            if pair.kept.user_id and pair.other.user_id and pair.kept.user_id != pair.other.user_id:
                yield _(
                    "%s signs in with two accounts: keep the two as two guardians, or ask which one is used."
                ) % (pair.kept)
        else:
            yield from _clashes_of_children(pair.kept, pair.other)


def _clashes_of_children(kept: Child, other: Child) -> Iterator[str]:
    both = [kept.pk, other.pk]
    if kept.number and other.number and kept.number != other.number:
        yield _("%(child)s has two school numbers, %(one)s and %(other)s: put them right first.") % {
            "child": kept,
            "one": kept.number,
            "other": other.number,
        }
    live = list(Booking.objects.live().filter(child__in=both).select_related("session__activity"))
    mine = {row.session_id for row in live if row.child_id == kept.pk}
    theirs = [row for row in live if row.child_id == other.pk]
    for row in theirs:
        if row.session_id in mine:
            yield _("%(child)s has two places in %(session)s: cancel one of them first.") % {
                "child": kept,
                "session": row.session,
            }
    yield from _same_time(kept, mine, theirs)
    waits = WaitEntry.objects.filter(child__in=both, state__in=WaitEntry.LIVE)
    waiting = set(waits.filter(child=kept).values_list("session", flat=True))
    for entry in waits.filter(child=other, session__in=waiting).select_related("session__activity"):
        yield _("%(child)s waits twice for %(session)s: take one out of the queue first.") % {
            "child": kept,
            "session": entry.session,
        }
    for model, of, words in (
        (AttendanceMark, "meeting", _("%(child)s is marked twice on the register of %(what)s.")),
        (DrawResult, "ballot", _("%(child)s took part twice in the draw %(what)s.")),
        (Preference, "ballot", _("%(child)s has wishes twice in the ballot %(what)s.")),
    ):
        rows: Any = model._default_manager.filter(child__in=both)
        mine_too = set(rows.filter(child=kept).values_list(of, flat=True))
        for row in rows.filter(child=other, **{f"{of}__in": mine_too}).select_related(of)[:1]:
            yield words % {"child": kept, "what": getattr(row, of)}


def _same_time(kept: Child, mine: set[int], theirs: list[Booking]) -> Iterator[str]:
    coming = Meeting.objects.live().filter(ends_at__gt=timezone.now())
    dates = coming.filter(session__in=mine | {row.session_id for row in theirs})
    of_session: dict[int, list[Meeting]] = {}
    for meeting in dates.select_related("session__activity"):
        of_session.setdefault(meeting.session_id, []).append(meeting)
    for row in theirs:
        for here in mine - {row.session_id}:
            overlap = any(
                a.starts_at < b.ends_at and b.starts_at < a.ends_at
                for a in of_session.get(row.session_id, [])
                for b in of_session.get(here, [])
            )
            if overlap:
                yield _("%(child)s would be in %(one)s and %(other)s at the same time: cancel one first.") % {
                    "child": kept,
                    "one": of_session[here][0].session,
                    "other": row.session,
                }

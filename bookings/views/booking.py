"""From a choice to a place: who and what, what is missing, the price; then the result.

The choice is kept in the session, so that somebody may choose first and sign in after. What came of it
is kept there too, by the key of the form: whoever presses twice or goes back sees the same result.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from projects import throttle
from projects.throttle import Rate

from .. import booking as acts
from .. import checks, families, instalments, keys, money, owed
from ..models import Booking, Child, Guardianship, Session, WaitEntry
from ..models.secrets import new_public_id
from ..waitlist import positions
from . import doors

MOST_CHOSEN = 8
FORM_KEY = re.compile(r"[\w-]{8,100}", re.ASCII)
BOOKINGS = (Rate(30, 60), Rate(300, 3600))
# What a guardian can put right at once, and where on the child's page.
TO_FILL_IN = {"needs-medical": "health", "needs-contact": "contacts", "needs-consent": "consents"}


@dataclass
class Pick:
    """One child and one session on the page."""

    session: Session
    child: Child
    refusals: list[checks.CannotBook]
    price: Decimal | None
    is_chosen: bool = False
    # The one place that is in the way: the child may wait, and gives it up when the place comes.
    in_the_way: Booking | None = None

    @property
    def name(self) -> str:
        return f"{self.session.public_id}:{self.child.public_id}"

    @property
    def is_queue(self) -> bool:
        return not self.session.places.open

    def may_give_up(self) -> None:
        """A clash with one place of its own does not keep a child out of the queue."""
        if [row.code for row in self.refusals] == ["clash"]:
            self.in_the_way, self.refusals = self.refusals[0].with_what, []

    @property
    def to_fill_in(self) -> list[tuple[str, str]]:
        """Sentences about what is missing, and the part of the child's page where it is filled in."""
        return [(str(row), TO_FILL_IN[row.code]) for row in self.refusals if row.code in TO_FILL_IN]

    @property
    def reasons(self) -> list[str]:
        return [str(row) for row in self.refusals if row.code not in TO_FILL_IN]


@require_POST
@doors.public
def choose(request: HttpRequest, public_id: str) -> HttpResponse:
    """Put a session to the others that were chosen, or take it away."""
    chosen = _chosen(request)
    if request.POST.get("remove"):
        chosen = [other for other in chosen if other != public_id]
    elif public_id not in chosen and _sessions(request, [public_id]):
        chosen = [*chosen, public_id][-MOST_CHOSEN:]
    request.session[_place(request)] = chosen
    return redirect("bookings:book", request.institution.slug)


@require_http_methods(["GET", "POST"])
@doors.for_guardians
def book(request: HttpRequest) -> HttpResponse:
    rights = [row for row in families.guardianships(request.guardian) if row.may_book]
    found = _sessions(request, _chosen(request))
    if request.method == "POST":
        return _carry_out(request, found, rights)
    return _page(request, found, rights)


def _page(
    request: HttpRequest,
    sessions: list[Session],
    rights: list[Guardianship],
    *,
    chosen: set[str] | None = None,
    error: str = "",
    mode: str = "all",
    status: int = 200,
) -> HttpResponse:
    children, groups = [right.child for right in rights], []
    stands_against = checks.refusals_of(sessions=sessions, children=children, by=request.guardian)
    for session in sessions:
        picks = [_pick(request, session, child, stands_against[session.pk, child.pk]) for child in children]
        if len(sessions) == 1 and not session.places.open:
            for pick in picks:
                pick.may_give_up()
        possible = [pick for pick in picks if not pick.refusals]
        for pick in picks:
            pick.is_chosen = (
                pick.name in chosen if chosen is not None else len(possible) == 1 and pick in possible
            )
        groups.append((session, picks))
    every = [pick for _session, picks in groups for pick in picks if not pick.refusals]
    context = {
        "groups": groups,
        "has_any": bool(every),
        "has_several": len(every) > 1,
        "only_queue": bool(every) and all(pick.is_queue for pick in every),
        "has_queue": any(pick.is_queue for pick in every),
        "key": new_public_id(),
        "error": error,
        "mode": mode,
        "has_children": bool(rights),
        "has_price": any(pick.price for pick in every),
        "plans": _plans([pick for pick in every if pick.price]),
        "parts": _parts(request),
        "shows_position": request.rules.shows_position,
        "to_give_up": _to_give_up(groups[0]) if len(groups) == 1 else [],
        "in_the_way": {pick.in_the_way.pk for pick in every if pick.in_the_way},
        "tab": "catalogue",
    }
    return render(request, "bookings/book.html", context, status=status)


def _plans(priced: list[Pick]) -> list[tuple[int, list[tuple[Pick, list[instalments.Part]]]]]:
    """In how many instalments all of these may be paid, and what each would cost when."""
    most = min((pick.session.activity.most_parts for pick in priced), default=1)
    return [
        (
            parts,
            [
                (pick, instalments.plan_for(session=pick.session, amount=pick.price, parts=parts))
                for pick in priced
                if pick.price
            ],
        )
        for parts in range(2, most + 1)
    ]


def _to_give_up(group: tuple[Session, list[Pick]]) -> list[Booking]:
    """The other places in the term of the children who may wait for this one."""
    session, picks = group
    if session.places.open:
        return []
    children = [pick.child.pk for pick in picks if not pick.refusals]
    booked = Booking.objects.live().filter(child__in=children, session__term=session.term)
    return list(booked.exclude(session=session).select_related("child", "session__activity"))


def _pick(request: HttpRequest, session: Session, child: Child, refusals: list[checks.CannotBook]) -> Pick:
    price = None
    if not refusals:
        price = money.price_for(session=session, child=child, household=request.guardian.household).amount
    return Pick(session, child, refusals, price)


def _carry_out(request: HttpRequest, sessions: list[Session], rights: list[Guardianship]) -> HttpResponse:
    key = request.POST.get("key", "")
    if not FORM_KEY.fullmatch(key):
        # No form of ours: it is not known again, and its result has an address all the same.
        key = new_public_id()
    if key in request.session.get("booked", {}):
        # Sent twice: here is what came of it.
        return redirect("bookings:booked", request.institution.slug, key)
    picked = set(request.POST.getlist("pick"))
    wishes = [
        acts.Wish(session, right.child)
        for session in sessions
        for right in rights
        if f"{session.public_id}:{right.child.public_id}" in picked
    ]
    mode = "queue" if request.POST.get("mode") == "queue" else "all"
    again: dict[str, Any] = {"sessions": sessions, "rights": rights, "chosen": picked, "mode": mode}
    if not wishes:
        return _page(request, **again, error=_("Choose at least one child."))
    try:
        throttle.slow_down("booking", request.user.pk, rates=BOOKINGS)
        outcomes = acts.book_many(
            wishes=wishes,
            by=request.guardian,
            key=key,
            all_or_none=mode == "all",
            or_queue=mode == "queue",
            promo_code=request.POST.get("promo_code", "").replace("\0", "").strip()[:30],
            drops=_given_up(wishes, request.POST.get("drops", "")),
            parts=_parts(request),
        )
    except keys.KeyUsedDifferently as reason:
        return _page(request, **again, error=str(reason), status=422)
    except acts.NoPlace as reason:
        again["mode"] = "queue"
        return _page(request, **again, error=_("%s Nothing was booked. Join the queue?") % reason)
    except checks.CannotBook as reason:
        return _page(request, **again, error=str(reason))
    _keep_result(request, key, wishes, outcomes)
    request.session[_place(request)] = []
    return redirect("bookings:booked", request.institution.slug, key)


def _parts(request: HttpRequest) -> int:
    told = request.POST.get("parts", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 4 else 1


def _given_up(wishes: list[acts.Wish], public_id: str) -> Booking | None:
    """The child's place of lower choice that goes when it moves up from the queue."""
    if len(wishes) != 1 or not public_id:
        return None
    return Booking.objects.live().filter(child=wishes[0].child, public_id=public_id).first()


def _keep_result(request: HttpRequest, key: str, wishes: list, outcomes: list) -> None:
    rows = [
        {
            "booking": outcome.booking.pk if outcome.booking else None,
            "entry": outcome.entry.pk if outcome.entry else None,
            "refusal": str(outcome.refusal or ""),
            "child": wish.child.first_name,
            "activity": wish.session.activity.name,
        }
        for wish, outcome in zip(wishes, outcomes, strict=True)
    ]
    kept = dict(list(request.session.get("booked", {}).items())[-4:])
    request.session["booked"] = {**kept, key: rows}


@require_safe
@doors.for_guardians
def booked(request: HttpRequest, key: str) -> HttpResponse:
    """What came of a choice, as it is now."""
    rows = request.session.get("booked", {}).get(key)
    if rows is None:
        return redirect("bookings:family", request.institution.slug)
    children = [row.child_id for row in families.guardianships(request.guardian)]
    here = {"institution": request.institution, "child__in": children}
    every = Booking.objects.filter(**here, pk__in=[row["booking"] for row in rows if row["booking"]])
    bookings = {
        row.pk: row
        for row in every.select_related("child", "session__activity", "session__location").prefetch_related(
            "charges__instalments"
        )
    }
    waits = WaitEntry.objects.filter(**here, pk__in=[row["entry"] for row in rows if row["entry"]])
    entries = {row.pk: row for row in waits.select_related("child", "session__activity", "promo_code")}
    places = positions(list(entries.values()))
    for entry in entries.values():
        entry.position = places.get(entry.pk)
    results = [
        {**row, "booking": bookings.get(row["booking"]), "entry": entries.get(row["entry"])} for row in rows
    ]
    held = [row for row in bookings.values() if row.state == Booking.State.HELD]
    context = {
        "results": results,
        "held": held,
        "shows_position": request.rules.shows_position,
        "is_all": all(row["booking"] for row in results),
        "is_none": not any(row["booking"] or row["entry"] for row in results),
        "tab": "family",
    }
    return render(request, "bookings/booked.html", context)


def booking_for(request: HttpRequest, public_id: str) -> Booking:
    """A booking of one of the children that the guardian may book for; to all others it is not there."""
    children = [row.child_id for row in families.guardianships(request.guardian) if row.may_book]
    rows = Booking.objects.for_institution(request.institution).filter(
        public_id=public_id, child__in=children
    )
    found = rows.select_related(
        "child", "session__activity__refund_policy", "session__term", "session__places"
    ).first()
    if found is None:
        raise Http404
    return found


@require_http_methods(["GET", "POST"])
@doors.for_guardians
def cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    """What comes back is told first."""
    found = booking_for(request, public_id)
    if not found.is_live:
        messages.info(request, _("That place was given up already."))
        return redirect("bookings:family", request.institution.slug)
    error = ""
    if request.method == "POST":
        try:
            done = acts.cancel(booking=found, by=request.guardian)
        except (acts.CannotCancel, checks.CannotBook) as reason:
            error = str(reason)
        else:
            words = {"activity": found.session.activity.name, "child": found.child.first_name}
            sentence = _("%(child)s has no place in %(activity)s any more.") % words
            if done.refund:
                sentence += " " + _("Your account says what comes back.")
            messages.success(request, sentence)
            return redirect("bookings:family", request.institution.slug)
    context = {
        "booking": found,
        "refund": (refund := acts.refund_told(booking=found)),
        "comes": _comes_back(found, refund),
        "error": error,
        "steps": list(found.session.activity.refund_policy.steps.all())
        if found.session.activity.refund_policy
        else [],
        "tab": "family",
    }
    return render(request, "bookings/cancel.html", context)


def _comes_back(booking: Booking, refund: Decimal) -> owed.ComesBack | None:
    charge = booking.charges.filter(cancelled_at=None).select_related("household__institution").first()
    return owed.comes_back(charge, refund) if charge else None


@require_http_methods(["GET", "POST"])
@doors.for_guardians
def swap(request: HttpRequest, public_id: str) -> HttpResponse:
    """Another session in place of this one, in one act: the old place goes only if the new one is had."""
    found = booking_for(request, public_id)
    if found.state != Booking.State.CONFIRMED:
        raise Http404
    others = (
        Session.objects.for_institution(request.institution)
        .in_catalogue()
        .filter(term=found.session.term, places__waiting=0)
    )
    others = others.exclude(pk=found.session_id).select_related("activity", "places", "location")
    possible = checks.refusals_of(
        sessions=[row for row in others if row.places.open],
        children=[found.child],
        by=request.guardian,
        instead_of=frozenset({found.pk}),
    )
    others = sorted(
        (row for row in others if possible.get((row.pk, found.child_id)) == []),
        key=lambda row: (row.activity_id != found.session.activity_id, row.activity.name, row.weekday or 0),
    )
    error = ""
    if request.method == "POST":
        to = next((row for row in others if row.public_id == request.POST.get("to")), None)
        try:
            if to is None:
                raise checks.CannotBook(_("Choose a session with a free place."), code="full")
            taken = acts.swap(booking=found, to=to, by=request.guardian)
        except (checks.CannotBook, acts.CannotCancel) as reason:
            error = str(reason)
        else:
            words = {"child": found.child.first_name, "activity": to.activity.name}
            if taken.state == Booking.State.HELD:
                sentence = _("%(activity)s is held for %(child)s: pay for it, and the old place goes.")
                messages.success(request, sentence % words)
                return redirect("bookings:account", request.institution.slug)
            messages.success(request, _("%(child)s has a place in %(activity)s instead.") % words)
            return redirect("bookings:family", request.institution.slug)
    context = {
        "booking": found,
        "others": others,
        "percent": acts.percent_back(found.session, timezone.now()),
        "error": error,
        "tab": "family",
    }
    return render(request, "bookings/swap.html", context)


def _place(request: HttpRequest) -> str:
    return f"chosen:{request.institution.pk}"


def _chosen(request: HttpRequest) -> list[str]:
    return list(request.session.get(_place(request), []))


def _sessions(request: HttpRequest, public_ids: list[str]) -> list[Session]:
    """The chosen sessions that are still in the catalogue, in the order of choosing."""
    found = (
        Session.objects.for_institution(request.institution).in_catalogue().filter(public_id__in=public_ids)
    )
    rows = {row.public_id: row for row in found.select_related("activity", "places", "location", "term")}
    for row in rows.values():
        row.institution = request.institution
    return [rows[public_id] for public_id in public_ids if public_id in rows]

"""Places that are drawn. Whoever distrusts the draw can repeat it.

Before the first wish the hash of a secret seed is published; after the draw the seed itself, with all that
the draw went by. The lot of a child is sha256("<seed>:<child>"): nobody could choose a seed to suit the
wishes, and nobody could choose wishes to suit the seed.

The draw is deferred acceptance (Gale and Shapley 1962; for schools Abdulkadiroğlu and Sönmez 2003): each
child asks for its dearest wish, each session keeps those with the best priority and lot, whoever is let go
asks for the next wish. Nobody gains by hiding what is dearest. Where a child may have several places this is
repeated with what is left, so that everybody has one before anybody has two.
"""

import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from projects import history

from . import messages, money
from .checks import (
    CannotBook,
    Case,
    Facts,
    duplicates_and_clashes,
    eligibility_and_limits,
    overlap,
    ownership,
)
from .models import (
    Ballot,
    Booking,
    Child,
    DrawResult,
    Guardian,
    Preference,
    Session,
    Source,
    Term,
    WaitEntry,
)
from .places import Act, carry_out
from .waitlist import enter_queue, facts_of, lock_children_of, serve

Outcome = DrawResult.Outcome


class CannotWish(CannotBook):
    """Why this wish cannot be taken, in words for the guardian."""


class CannotDraw(Exception):
    """Why this cannot be drawn or published (now), in words for the office."""


class Wish(NamedTuple):
    """Children and sessions by their public ids. A lower rank is dearer, a lower band comes first."""

    child: str
    session: str
    rank: int
    band: int


@dataclass
class Protocol:
    """All that a draw went by: the same protocol and seed give the same places, here and anywhere."""

    wishes: list[Wish]
    places: dict[str, int]
    # Pairs of sessions that no child can have both.
    clashes: list[tuple[str, str]]
    # (child, session): may not come, whatever the lot.
    refused: list[tuple[str, str]]
    most_places: int

    def as_json(self) -> dict[str, Any]:
        return {**self.__dict__, "wishes": [list(wish) for wish in self.wishes]}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Protocol":
        return cls(
            wishes=[Wish(*wish) for wish in stored["wishes"]],
            places=stored["places"],
            clashes=[(one, other) for one, other in stored["clashes"]],
            refused=[(child, session) for child, session in stored["refused"]],
            most_places=stored["most_places"],
        )


def commitment(seed: str) -> str:
    return sha256(seed.encode()).hexdigest()


def lot(seed: str, child: str) -> str:
    """A child's number in the draw; the lowest comes first."""
    return sha256(f"{seed}:{child}".encode()).hexdigest()


def allocate(protocol: Protocol, seed: str) -> dict[str, list[str]]:
    """The sessions that each child gets. Pure: nothing but the protocol and the seed counts."""
    apart = defaultdict(set)
    for one, other in protocol.clashes:
        apart[one].add(other)
        apart[other].add(one)
    refused = set(protocol.refused)
    wishes: dict[str, list[Wish]] = defaultdict(list)
    for wish in sorted(protocol.wishes, key=lambda wish: wish.rank):
        if (wish.child, wish.session) not in refused:
            wishes[wish.child].append(wish)
    lots = {child: lot(seed, child) for child in wishes}
    got: dict[str, list[str]] = {child: [] for child in wishes}
    left = dict(protocol.places)
    for _round in range(protocol.most_places):
        for session, kept in _one_round(wishes, got, apart, left, lots).items():
            left[session] -= len(kept)
            for wish in kept:
                got[wish.child].append(session)
    return got


def _one_round(
    wishes: dict[str, list[Wish]],
    got: dict[str, list[str]],
    apart: dict[str, set[str]],
    left: dict[str, int],
    lots: dict[str, str],
) -> dict[str, list[Wish]]:
    """At most one more place for each child: whom each session keeps."""
    asks = {}
    for child, of_child in wishes.items():
        has = set(got[child])
        taken = has.union(*(apart[session] for session in has))
        asks[child] = iter([wish for wish in of_child if wish.session not in taken])
    kept: dict[str, list[Wish]] = defaultdict(list)
    free = sorted(asks)
    while free:
        wish = next(asks[free.pop()], None)
        if wish is None:
            continue
        inside = kept[wish.session]
        inside.append(wish)
        if len(inside) > left[wish.session]:
            inside.sort(key=lambda one: (one.band, lots[one.child]))
            free.append(inside.pop().child)
    return kept


# --- acts ---------------------------------------------------------------------------------------------------


@transaction.atomic
def open_ballot(
    *,
    term: Term,
    name: str,
    opens_at: datetime,
    closes_at: datetime,
    sessions: Sequence[Session],
    staff: User | None,
    most_wishes: int = 5,
    most_places: int = 1,
) -> Ballot:
    """A ballot over sessions of the term, with the promise of its seed."""
    ballot = Ballot(
        institution=term.institution,
        term=term,
        name=name,
        opens_at=opens_at,
        closes_at=closes_at,
        most_wishes=most_wishes,
        most_places=most_places,
    )
    promise(ballot)
    with history.acting(by=staff):
        ballot.save()
        choose_sessions(ballot=ballot, sessions=sessions)
    return ballot


def promise(ballot: Ballot) -> None:
    """Give a new ballot its secret seed, and the fingerprint that is published before the first wish."""
    seed = secrets.token_hex(32)
    ballot.secret_seed, ballot.seed_commitment = seed, commitment(seed)


@transaction.atomic
def choose_sessions(*, ballot: Ballot, sessions: Sequence[Session]) -> None:
    """These are drawn, and no others. CannotDraw for one that families have wished for, booked or drawn."""
    ballot = Ballot.objects.select_for_update(no_key=True).get(pk=ballot.pk)
    before = set(Session.objects.filter(ballot=ballot).values_list("pk", flat=True))
    wanted = {session.pk for session in sessions}
    if before != wanted and ballot.drawn_at:
        raise CannotDraw(_("This ballot is drawn already."))
    if Preference.objects.filter(ballot=ballot, session__in=before - wanted).exists():
        raise CannotDraw(_("Families have wished for a session that you take out: leave it in."))
    if any(session.term_id != ballot.term_id for session in sessions):
        raise CannotDraw(_("Choose sessions of the ballot's term."))
    Session.objects.filter(pk__in=before - wanted).update(ballot=None)
    Session.objects.filter(pk__in=wanted - before).update(ballot=ballot)


@transaction.atomic
def wish(
    *, ballot: Ballot, child: Child, sessions: Sequence[Session], by: Guardian | None
) -> list[Preference]:
    """The child's wishes, the dearest first, in place of those before. Raises CannotWish, CannotBook."""
    # One at a time for a child: two forms at once would mix their ranks.
    child = Child.objects.select_for_update(no_key=True).get(pk=child.pk)
    now = timezone.now()
    if not ballot.opens_at <= now < ballot.closes_at:
        raise CannotWish(_("Wishes are not taken at this moment."), code="closed")
    if len(sessions) > ballot.most_wishes:
        raise CannotWish(_("Choose at most %s sessions.") % ballot.most_wishes, code="too-many")
    if len({session.pk for session in sessions}) < len(sessions):
        raise CannotWish(_("Give each session one rank."), code="twice")
    if any(session.ballot_id != ballot.pk for session in sessions):
        raise CannotWish(_("Choose sessions of this ballot."), code="other-ballot")
    bands = {}
    for old in Preference.objects.filter(ballot=ballot, child=child):
        bands[old.session_id] = old.band, old.band_reason
    if sessions:
        facts = facts_of(sessions)
        facts.read_rights([(by.pk if by else None, child.pk)])
        facts.read_children([child])
        for session in sessions:
            case = Case(facts, facts.sessions[session.pk], child, by)
            for check in (ownership, duplicates_and_clashes, eligibility_and_limits):
                if refusal := next(check(case), None):
                    raise refusal
    Preference.objects.filter(ballot=ballot, child=child).delete()
    return [
        Preference.objects.create(
            institution=ballot.institution,
            ballot=ballot,
            child=child,
            session=session,
            rank=rank,
            asked_by=by,
            band=bands.get(session.pk, (WaitEntry.ORDINARY, ""))[0],
            band_reason=bands.get(session.pk, (WaitEntry.ORDINARY, ""))[1],
        )
        for rank, session in enumerate(sessions, 1)
    ]


def draw(*, ballot: Ballot, staff: User | None) -> list[DrawResult]:
    """Draw, once, after the wishes have closed. Nothing is booked before publish(). Raises CannotDraw."""
    sessions = list(Session.objects.filter(ballot=ballot))
    preferences = _preferences(ballot)
    facts = facts_of(sessions) if sessions else None

    def work(act: Act) -> list[DrawResult]:
        fresh = Ballot.objects.select_for_update(no_key=True).get(pk=ballot.pk)
        if fresh.drawn_at:
            raise CannotDraw(_("This ballot is drawn already."))
        if act.now < fresh.closes_at:
            raise CannotDraw(_("Wait until the wishes have closed."))
        act.enter_halls()
        act.facts.read_children([one.child for one in preferences])
        protocol = _protocol(act.facts, fresh, preferences)
        results = _results(fresh, preferences, protocol)
        fresh.drawn_at, fresh.drawn_by, fresh.protocol = act.now, staff, protocol.as_json()
        fresh.save(update_fields=["drawn_at", "drawn_by", "protocol"])
        DrawResult.objects.bulk_create(results)
        act.journal.note(fresh, before={"drawn_at": None}, after={"drawn_at": act.now})
        return results

    if facts is None:
        raise CannotDraw(_("This ballot has no sessions: choose some first."))
    return carry_out(facts, work, by=staff.pk if staff else None)


def _preferences(ballot: Ballot) -> list[Preference]:
    rows = Preference.objects.filter(ballot=ballot).select_related("child__person", "asked_by", "session")
    return list(rows.order_by("child__public_id", "rank"))


def _protocol(facts: Facts, ballot: Ballot, preferences: list[Preference]) -> Protocol:
    by_id = sorted(facts.sessions.values(), key=lambda session: session.public_id)
    return Protocol(
        wishes=[Wish(one.child.public_id, one.session.public_id, one.rank, one.band) for one in preferences],
        places={session.public_id: session.places.open for session in by_id},
        clashes=[
            (one.public_id, other.public_id)
            for number, one in enumerate(by_id)
            for other in by_id[:number]
            if overlap(one, other, facts)
        ],
        refused=[(one.child.public_id, one.session.public_id) for one in preferences if _refusal(facts, one)],
        most_places=ballot.most_places,
    )


def _refusal(facts: Facts, preference: Preference) -> CannotBook | None:
    case = Case(facts, facts.sessions[preference.session_id], preference.child)
    checks = (duplicates_and_clashes, eligibility_and_limits)
    return next((refusal for check in checks for refusal in check(case)), None)


def _results(ballot: Ballot, preferences: list[Preference], protocol: Protocol) -> list[DrawResult]:
    got = allocate(protocol, ballot.secret_seed)
    refused = set(protocol.refused)
    apart = {frozenset(pair) for pair in protocol.clashes}
    results = []
    for one in preferences:
        child, session = one.child.public_id, one.session.public_id
        has = got.get(child, [])
        if session in has:
            outcome = Outcome.PLACED
        elif (child, session) in refused:
            outcome = Outcome.REFUSED
        elif not has or one.rank < max(wish.rank for wish in protocol.wishes if _is(wish, child, has)):
            outcome = Outcome.WAITING
        elif any(frozenset((session, other)) in apart for other in has):
            outcome = Outcome.CLASHES
        else:
            outcome = Outcome.ENOUGH if len(has) >= ballot.most_places else Outcome.WAITING
        results.append(
            DrawResult(
                institution_id=ballot.institution_id,
                ballot=ballot,
                child=one.child,
                session=one.session,
                rank=one.rank,
                band=one.band,
                lot=lot(ballot.secret_seed, child),
                outcome=outcome,
            )
        )
    return results


def _is(wish: Wish, child: str, sessions: list[str]) -> bool:
    return wish.child == child and wish.session in sessions


def recompute(ballot: Ballot) -> bool:
    """Does the published seed keep its promise, and lead to the published places?"""
    results = DrawResult.objects.filter(ballot=ballot).select_related("child", "session")
    drawn = [(row.child.public_id, row.session.public_id) for row in results if was_drawn(ballot, row)]
    protocol = Protocol.from_json(ballot.protocol)
    return repeats(protocol, seed=ballot.seed, promised=ballot.seed_commitment, drawn=drawn)


def repeats(protocol: Protocol, *, seed: str, promised: str, drawn: Sequence[tuple[str, str]]) -> bool:
    """Is this the seed that was promised, and does it draw just these places (child, session)? Pure."""
    again = {(child, session) for child, has in allocate(protocol, seed).items() for session in has}
    return commitment(seed) == promised and again == set(drawn)


def was_drawn(ballot: Ballot, row: DrawResult) -> bool:
    """Its lot won, also where the child could no longer come when the draw was published."""
    pair = [row.child.public_id, row.session.public_id]
    was_refused_later = row.outcome == Outcome.REFUSED and pair not in map(list, ballot.protocol["refused"])
    return row.outcome == Outcome.PLACED or was_refused_later


def lots(ballot: Ballot, names: dict[int, str]) -> list[dict[str, Any]]:
    """Each number in the draw with its wishes and what became of them, by lot; who is in `names` by name."""
    rows = DrawResult.objects.filter(ballot=ballot).select_related("child", "session__activity")
    found: dict[str, dict[str, Any]] = {}
    for row in rows.order_by("band", "lot", "rank"):
        line = found.setdefault(
            row.child.public_id,
            {"lot": row.lot, "band": row.band, "name": names.get(row.child_id, ""), "rows": []},
        )
        # Why a child may not come is its family's to know.
        line["rows"].append((row, row.reason if row.child_id in names else ""))
    return list(found.values())


def publish(*, ballot: Ballot, staff: User | None) -> list[Booking]:
    """The seed is told, the drawn places are booked, the others wait in the order of their lots.

    A child that may no longer come is told why, and its place goes to the queue. Raises CannotDraw.
    """
    preferences = {(one.child_id, one.session_id): one for one in _preferences(ballot)}
    facts = facts_of(list(Session.objects.filter(ballot=ballot)))

    def work(act: Act) -> list[Booking]:
        fresh = Ballot.objects.select_for_update(no_key=True).get(pk=ballot.pk)
        if fresh.drawn_at is None or fresh.published_at:
            raise CannotDraw(_("Draw first, and publish once."))
        act.enter_halls()
        results = list(DrawResult.objects.filter(ballot=ballot).order_by("band", "lot", "rank"))
        children = lock_children_of(
            act,
            [],
            *{one.child_id for one in results},
            pairs=[(one.asked_by_id, one.child_id) for one in preferences.values()],
        )
        fresh.seed, fresh.published_at = fresh.secret_seed, act.now
        for session in act.facts.sessions.values():
            session.ballot = fresh
        fresh.save(update_fields=["seed", "published_at"])
        act.journal.note(fresh, before={"seed": ""}, after={"seed": fresh.seed})
        booked = []
        for one in results:
            if one.outcome == Outcome.PLACED and (
                made := _book_lot(act, one, preferences[one.child_id, one.session_id], children)
            ):
                booked.append(made)
        for one in results:
            if one.outcome == Outcome.WAITING:
                _queue_lot(act, fresh, one, preferences[one.child_id, one.session_id], children)
        serve(act, act.halls.values())
        return booked

    return carry_out(facts, work, by=staff.pk if staff else None)


def _book_lot(
    act: Act, one: DrawResult, preference: Preference, children: dict[int, Child]
) -> Booking | None:
    hall, child = act.halls[one.session_id], children[one.child_id]
    preference.child = child
    if refusal := _refusal(act.facts, preference):
        one.outcome, one.reason = Outcome.REFUSED, str(refusal)[:300]
        one.save(update_fields=["outcome", "reason"])
        return None
    right = act.facts.rights.get((preference.asked_by_id or 0, child.pk))
    household = right.guardian.household if right else None
    booking = hall.take(
        child,
        by=right.guardian if right else None,
        household=household,
        source=Source.BALLOT,
        price=money.price_for(session=hall.session, child=child, household=household),
    )
    act.facts.bookings[child.pk].append(booking)
    messages.tell_booking(act.journal, messages.BOOKED, booking)
    return booking


def _queue_lot(
    act: Act, ballot: Ballot, one: DrawResult, preference: Preference, children: dict[int, Child]
) -> None:
    """A wish that was dearer than what the child has: when it comes true, the least dear place goes."""
    child = children[one.child_id]
    wanted = {row.pk for row in act.facts.sessions.values()}
    has = [row for row in act.facts.bookings[child.pk] if row.session_id in wanted]
    drops = has[-1] if len(has) >= ballot.most_places else None
    enter_queue(
        act,
        act.halls[one.session_id],
        child,
        by=preference.asked_by,
        drops=drops,
        band=preference.band,
        band_reason=preference.band_reason,
    )

"""A living school, invented from a seed: families, activities, bookings, queues. Nobody in it exists.

Every place, queue and charge comes about by the same acts as a real family's.
"""

import random
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from django.utils import timezone

from accounts.models import User
from projects import history
from projects.models import Institution

from . import booking, owed, till, timetable
from .checks import CannotBook
from .models import (
    Activity,
    Category,
    Child,
    ConsentKind,
    Discount,
    EmergencyContact,
    Guardian,
    Guardianship,
    Household,
    Location,
    Places,
    RefundPolicy,
    RefundStep,
    Session,
    Term,
    Tutor,
    Weekday,
    YearGroup,
)

# fmt: off
GIVEN = (
    "Amal", "Bilal", "Chand", "Dua", "Elif", "Farid", "Gul", "Hana", "Idris", "Jaan", "Kiran", "Laila",
    "Mina", "Nadir", "Omar", "Parveen", "Qadir",
)
FAMILY = (
    "Abbasi", "Baig", "Chaudhry", "Dar", "Elahi", "Farooqi", "Gilani", "Hashmi", "Iqbal", "Jamali",
    "Khattak", "Lodhi", "Mirza", "Niazi", "Orakzai", "Pasha",
)
# fmt: on
WHAT = {
    "Sport": ("Football", "Cricket", "Swimming", "Gymnastics", "Athletics", "Badminton", "Hockey", "Judo"),
    "Music": ("Choir", "Guitar", "Violin", "Piano", "Drums", "Orchestra", "Singing", "Flute"),
    "Arts": ("Drawing", "Pottery", "Drama", "Dance", "Photography", "Calligraphy", "Sewing", "Film"),
    "Science": (
        "Robotics",
        "Chess",
        "Coding",
        "Astronomy",
        "Gardening",
        "Mathematics",
        "Electronics",
        "Maps",
    ),
    "Languages": ("Arabic", "Chinese", "French", "Spanish", "Turkish", "Debating", "Poetry", "Latin"),
}
WHERE = {
    "Sport": "Sports hall",
    "Music": "Studio",
    "Arts": "Workshop",
    "Science": "Lab",
    "Languages": "Library",
}
YEARS = 7
TEACHING_WEEKS = 10


class School(NamedTuple):
    """Whom the demo signs in as."""

    guardian: Guardian
    tutor: Tutor


def invent(
    *, institution: Institution, guardian: User, tutor: User, families: int = 300, seed: int = 1
) -> School:
    """Fill an institution that has no activities yet; return the guardian and tutor of the two accounts."""
    dice = random.Random(seed)  # noqa: S311  # a sample, not a secret
    with history.quiet():
        sessions = _catalogue(institution, tutor, dice)
        guardians = _families(institution, guardian, families, dice)
    _bookings(sessions, guardians, dice)
    return School(guardians[0], Tutor.objects.get(institution=institution, user=tutor))


def _catalogue(institution: Institution, tutor: User, dice: random.Random) -> list[Session]:
    here = {"institution": institution}
    today = timezone.localdate()
    monday = today - timedelta(days=today.weekday())
    term = Term.objects.create(
        **here,
        name="This term",
        starts_on=monday - timedelta(weeks=1),
        ends_on=monday + timedelta(weeks=TEACHING_WEEKS),
        most_bookings=6,
    )
    years = [
        YearGroup.objects.create(**here, name=f"Year {number}", order=number)
        for number in range(1, YEARS + 1)
    ]
    for year, next_year in pairwise(years):
        year.next = next_year
        year.save()
    halls = {name: Location.objects.create(**here, name=name) for name in ("Pool", *WHERE.values())}
    policy = RefundPolicy.objects.create(**here, name="Half until the first date", cancel_hours=2)
    for days, percent in ((14, 100), (0, 50)):
        RefundStep.objects.create(**here, policy=policy, days=days, percent=percent)
    Discount.objects.create(
        **here, name="Second child", kind=Discount.Kind.SIBLING, percent=10, from_number=2
    )
    ConsentKind.objects.create(
        **here, code="photos", name="Photographs", text="My child may be photographed at activities."
    )
    ConsentKind.objects.create(
        **here,
        code="walks-home",
        name="Walks home alone",
        text="My child may go home alone after activities.",
        lets_go_alone=True,
    )
    leaders = [Tutor.objects.create(**here, name="Demo tutor", user=tutor, email=tutor.email)]
    leaders += [
        Tutor.objects.create(**here, name=f"{GIVEN[number]} {FAMILY[-number]}") for number in range(1, 12)
    ]
    sessions: list[Session] = []
    for category_name, names in WHAT.items():
        category = Category.objects.create(**here, name=category_name, order=len(sessions))
        for name in names:
            sessions.append(_session(here, term, category, name, years, halls, leaders, policy, dice))
    return sessions


def _session(here, term, category, name, years, halls, leaders, policy, dice) -> Session:
    is_paid_now = dice.random() < 0.25
    activity = Activity.objects.create(
        **here,
        slug=name.lower(),
        name=name,
        category=category,
        description=f"{name} for beginners and for those who know it already. Bring water.",
        promotion=dice.choice(list(Activity.Promotion)),
        paying=Activity.Paying.NOW if is_paid_now else Activity.Paying.LATER,
        refund_policy=policy,
    )
    first = dice.randrange(0, YEARS - 2)
    activity.year_groups.set(years[first : first + dice.randrange(3, YEARS)])
    starts = time(dice.choice((14, 15, 16)), dice.choice((0, 30)))
    ends = (datetime.combine(date.min, starts) + timedelta(minutes=60)).time()
    chosen = leaders[0] if name in {"Football", "Chess", "Choir"} else dice.choice(leaders)
    weekday = dice.choice(list(Weekday)[:5])
    # Nobody leads two at the same time.
    busy = Session.objects.filter(**here, weekday=weekday, starts__lt=ends, ends__gt=starts)
    taken = set(busy.values_list("tutor", flat=True))
    tutor = next((one for one in (chosen, *leaders[1:]) if one.pk not in taken), chosen)
    session = Session.objects.create(
        **here,
        activity=activity,
        term=term,
        tutor=tutor,
        location=halls["Pool" if name == "Swimming" else WHERE[category.name]],
        weekday=weekday,
        starts=starts,
        ends=ends,
        price=Decimal(dice.choice((0, 0, 1500, 2500, 4000))),
        fewest=5,
    )
    Places.objects.create(**here, session=session, capacity=dice.choice((8, 12, 16, 20)))
    timetable.make_meetings(session)
    return session


def _families(institution: Institution, account: User, families: int, dice: random.Random) -> list[Guardian]:
    here = {"institution": institution}
    years = list(YearGroup.objects.for_institution(institution))
    today = timezone.localdate()
    guardians = []
    for number in range(families):
        family = dice.choice(FAMILY)
        household = Household.objects.create(**here, name=f"Family {family}", reference=f"F{number + 1:05}")
        guardian = Guardian.objects.create(
            **here,
            household=household,
            user=account if number == 0 else None,
            name="Demo guardian" if number == 0 else f"{dice.choice(GIVEN)} {family}",
            email=account.email if number == 0 else "",
        )
        guardians.append(guardian)
        for _child in range(2 if number == 0 else dice.choice((1, 1, 2, 2, 3))):
            age = dice.randrange(5, 5 + YEARS)
            child = Child.objects.create(
                **here,
                given_name=dice.choice(GIVEN),
                family_name=family,
                date_of_birth=date(today.year - age, dice.randrange(1, 13), dice.randrange(1, 29)),
                year_group=years[age - 5],
                medical_answered_at=timezone.now(),
            )
            Guardianship.objects.create(**here, guardian=guardian, child=child, relation="parent")
            EmergencyContact.objects.create(
                **here, child=child, name=guardian.name, phone=f"0300 {dice.randrange(10**6):06}"
            )
    return guardians


def _bookings(sessions: list[Session], guardians: list[Guardian], dice: random.Random) -> None:
    """Everybody asks for what is popular first, so that some sessions are full and have a queue."""
    popular = sessions[::3]
    for guardian in guardians:
        for child in Child.objects.filter(guardianships__guardian=guardian).select_related("year_group"):
            for session in {dice.choice(popular), dice.choice(sessions)}:
                try:
                    booking.book(session=session, child=child, by=guardian, or_queue=True)
                except CannotBook:
                    continue  # too old, a clash: as in life
        due = owed.balance(guardian.household)
        if due > 0 and dice.random() < 0.6 and guardian is not guardians[0]:
            till.take(household=guardian.household, amount=due, way="bank", staff=None)

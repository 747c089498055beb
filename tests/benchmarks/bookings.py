"""What a booking costs: python3 run.py bench bookings [PROCESSES] [SECONDS]

On the database that DATABASE_URL names (a PostgreSQL of its own without one): one booking at a time on an
empty session, then on one with 20,000 past bookings; then so many processes that book one hot session for so
many seconds. Ends with the invariants.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAST, MEASURED = 20_000, 200


def main(processes: int, seconds: float) -> None:
    if "DATABASE_URL" not in os.environ:
        words = [sys.executable, "tests/on_postgres.py", sys.executable, "-m", "tests.benchmarks.bookings"]
        sys.exit(subprocess.call([*words, str(processes), str(seconds), "new"], cwd=ROOT))
    begin()
    from django.core.management import call_command
    from django.db import connection

    if "new" in sys.argv:
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {connection.settings_dict['NAME']}")
    call_command("migrate", verbosity=0)
    session, families = school(6000)
    alone = one_after_another(session, families[:MEASURED])
    past_bookings(session, families)
    after = one_after_another(session, families[MEASURED : 2 * MEASURED])
    rush = together(session, families[2 * MEASURED :], processes, seconds)
    from bookings.invariants import find_faults

    print(
        json.dumps(
            {
                "ms_of_one_booking": alone,
                f"ms_after_{PAST}_past_bookings": after,
                "ratio": round(after["median"] / alone["median"], 3),
                "hot_session": rush,
                "faults": find_faults(),
            },
            indent=1,
        )
    )


def begin() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()


def school(count: int) -> tuple[int, list[tuple[int, int]]]:
    """A session with places for all, twelve meetings, years and a window; (guardian, child) keys."""
    from bookings.models import Child, Guardian, Guardianship, Household, SignUpWindow
    from tests.factories.bookings import SessionFactory, YearGroupFactory
    from tests.factories.projects import InstitutionFactory

    school = InstitutionFactory(slug=f"bench-{time.time_ns()}")
    year = YearGroupFactory(institution=school)
    begins = datetime.now(UTC) + timedelta(days=7)
    weekly = [(begins + timedelta(weeks=week), begins + timedelta(weeks=week, hours=1)) for week in range(12)]
    session = SessionFactory(institution=school, capacity=count, meetings_at=weekly)
    session.activity.year_groups.add(year)
    opened = begins - timedelta(days=30)
    SignUpWindow.objects.create(institution=school, session=session, year_group=year, opens_at=opened)
    household = Household.objects.create(institution=school, name="All", reference="1")
    guardians = Guardian.objects.bulk_create(
        Guardian(institution=school, household=household, name=f"G{n}", email=f"g{n}@example.edu")
        for n in range(count)
    )
    children = Child.objects.bulk_create(
        Child(institution=school, given_name=f"C{n}", date_of_birth="2018-01-01", year_group=year)
        for n in range(count)
    )
    pairs = list(zip(guardians, children, strict=True))
    Guardianship.objects.bulk_create(Guardianship(institution=school, guardian=g, child=c) for g, c in pairs)
    return session.pk, [(g.pk, c.pk) for g, c in pairs]


def past_bookings(session_id: int, families: list[tuple[int, int]]) -> None:
    from bookings.models import Booking, Session

    session = Session.objects.get(pk=session_id)
    now = datetime.now(UTC)
    Booking.objects.bulk_create(
        (
            Booking(
                institution_id=session.institution_id,
                session=session,
                child_id=families[number % len(families)][1],
                state="cancelled",
                source="guardian",
                currency="GBP",
                ended_at=now,
            )
            for number in range(PAST)
        ),
        2000,
    )


def book(session_id: int, guardian_id: int, child_id: int) -> None:
    from bookings import booking
    from bookings.models import Child, Guardian, Session

    booking.book(
        session=Session.objects.get(pk=session_id),
        child=Child.objects.get(pk=child_id),
        by=Guardian.objects.get(pk=guardian_id),
        key=f"form {child_id}",
    )


def one_after_another(session: int, families: list[tuple[int, int]]) -> dict[str, float]:
    times = []
    for family in families:
        begun = time.perf_counter()
        book(session, *family)
        times.append(1000 * (time.perf_counter() - begun))
    return {"median": round(statistics.median(times), 2), "p95": round(sorted(times)[-len(times) // 20], 2)}


def together(
    session: int, families: list[tuple[int, int]], processes: int, seconds: float
) -> dict[str, float]:
    from django.db import connections

    connections.close_all()
    shares = [(session, families[number::processes], seconds) for number in range(processes)]
    with get_context("spawn").Pool(processes) as pool:
        times = [one for share in pool.starmap(as_fast_as_possible, shares) for one in share]
    return {
        "processes": processes,
        "booked_per_second": round(len(times) / seconds, 1),
        "p50_ms": round(statistics.median(times), 1),
        "p99_ms": round(sorted(times)[-len(times) // 100], 1),
    }


def as_fast_as_possible(session: int, families: list[tuple[int, int]], seconds: float) -> list[float]:
    begin()
    book(session, *families[0])  # whatever is slow the first time
    times, until = [], time.perf_counter() + seconds
    for family in families[1:]:
        begun = time.perf_counter()
        if begun > until:
            break
        book(session, *family)
        times.append(1000 * (time.perf_counter() - begun))
    return times


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4, float(sys.argv[2]) if len(sys.argv) > 2 else 8)

"""The person registry: whom an institution knows by number, and when they are busy.

An exam season writes its candidates' and invigilators' times when it publishes; activity bookings read them.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any

from django.db import connection, transaction

from . import bulk, history
from .models import BusyTime, Institution, Person

# Rows of one statement; a database that allows fewer gets fewer.
BATCH = 5000
# People of one transaction, where nobody needs them all at once.
FEW = 2000

# (person, starts_at, ends_at, what), as the database keeps them.
BusyRow = tuple[int, Any, Any, str]


@transaction.atomic
def register(*, institution: Institution, people: Iterable[tuple[str, str]]) -> int:
    """Add (number, name) rows or update the names; a blank name leaves a known one. How many were given."""
    names: dict[str, str] = {}
    for number, name in people:
        if number := number.strip():
            names[number] = name.strip() or names.get(number, "")
    # In one order everywhere, so that two that register the same people do not wait for each other.
    rows = [Person(institution=institution, number=number, name=names[number]) for number in sorted(names)]
    with history.quiet():
        Person.objects.bulk_create(
            [row for row in rows if row.name],
            BATCH,
            update_conflicts=True,
            unique_fields=["institution", "number"],
            update_fields=["name"],
        )
        Person.objects.bulk_create([row for row in rows if not row.name], BATCH, ignore_conflicts=True)
    if rows:
        history.note(institution=institution, what="", action="changed", model=Person, rows=len(rows))
    return len(rows)


def replace_busy_times(
    *,
    institution: Institution,
    source: str,
    rows: Iterable[tuple[str, datetime, datetime, str]],
) -> int:
    """Put (number, starts_at, ends_at, what) in place of all that this source wrote before; how many.

    People the registry does not know yet are added to it. `source` names the writer: "project:12".
    """
    prepared = prepare_busy_times(institution=institution, rows=rows)
    write_busy_times(institution=institution, source=source, prepared=prepared)
    return len(prepared)


def prepare_busy_times(
    *, institution: Institution, rows: Iterable[tuple[str, datetime, datetime, str]]
) -> list[BusyRow]:
    """What takes long about replacing busy times: on SQLite nobody else writes while a transaction does."""
    rows = list(rows)
    numbers = sorted({number.strip() for number, *_ in rows})
    people = _by_number(institution, numbers)
    unknown = [number for number in numbers if number not in people]
    for start in range(0, len(unknown), FEW):
        register(institution=institution, people=[(number, "") for number in unknown[start : start + FEW]])
    if unknown:
        people |= _by_number(institution, unknown)

    @cache
    def kept(moment: datetime) -> Any:
        return connection.ops.adapt_datetimefield_value(moment)

    return [
        (people[number.strip()], kept(starts_at), kept(ends_at), what)
        for number, starts_at, ends_at, what in rows
    ]


@transaction.atomic
def write_busy_times(*, institution: Institution, source: str, prepared: list[BusyRow]) -> None:
    # One writer at a time for an institution, or two would each leave their rows.
    Institution.objects.select_for_update(no_key=True).get(pk=institution.pk)
    BusyTime.objects.for_institution(institution).filter(source=source).delete()
    bulk.insert(
        BusyTime,
        ("institution_id", "source", "person_id", "starts_at", "ends_at", "what"),
        ((institution.pk, source, *row) for row in prepared),
    )
    history.note(institution=institution, what=source, action="changed", model=BusyTime, rows=len(prepared))


def busy(
    *, institution: Institution, numbers: Sequence[str], starts_at: datetime, ends_at: datetime
) -> list[BusyTime]:
    """When these people are busy within that time, by person and beginning; touching is not overlapping."""
    times = BusyTime.objects.for_institution(institution).filter(person__number__in=numbers)
    return list(times.between(starts_at, ends_at).select_related("person").order_by("person", "starts_at"))


def _by_number(institution: Institution, numbers: Sequence[str]) -> dict[str, int]:
    known: dict[str, int] = {}
    remaining = iter(numbers)
    # SQLite takes few parameters in one statement.
    while batch := list(islice(remaining, 500)):
        people = Person.objects.for_institution(institution).filter(number__in=batch)
        known.update(people.values_list("number", "pk"))
    return known

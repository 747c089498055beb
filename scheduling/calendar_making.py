"""Periods from a calendar: the season's days times the day's hours, without holidays and weekly breaks."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from projects.models import Project

from .models import Holiday, Period, WeeklyBreak

MOST_DAYS = 366


class CannotMakePeriods(Exception):
    """Why the calendar gives no periods, in words for the planner."""


class Hours(NamedTuple):
    """A period of the day. `weekdays` (0 is Monday): only on these; empty: on all days of the season."""

    label: str
    starts: time
    minutes: int
    weekdays: frozenset[int] = frozenset()


class Planned(NamedTuple):
    """A period that the calendar gives, or why there is none."""

    date: date
    label: str
    starts: time
    ends: time
    left_out: str = ""

    @property
    def is_new(self) -> bool:
        return not self.left_out


def plan_periods(
    *, project: Project, first_on: date, last_on: date, weekdays: Collection[int], hours: Sequence[Hours]
) -> list[Planned]:
    """What make_periods would do, in order of time. Both days belong to the season."""
    if last_on < first_on:
        raise CannotMakePeriods(_("The last day lies before the first."))
    if (last_on - first_on).days >= MOST_DAYS:
        raise CannotMakePeriods(_("A season lasts a year at most: bring the two days closer together."))
    if not hours:
        raise CannotMakePeriods(
            _("Give at least one period of the day: when it starts and how long it lasts.")
        )
    holidays = {row.date: row.name for row in Holiday.objects.for_project(project)}
    breaks = list(WeeklyBreak.objects.for_project(project))
    there = list(Period.objects.for_project(project).filter(date__range=(first_on, last_on)))
    planned: list[Planned] = []
    for day in _days(first_on, last_on):
        if day.weekday() not in weekdays:
            continue
        of_day = sorted(
            (row for row in hours if not row.weekdays or day.weekday() in row.weekdays), key=_start
        )
        for row in of_day:
            starts, ends = row.starts, _end(row)
            period = Planned(day, row.label, starts, ends)
            why_not = _why_not(period, holidays, breaks, there)
            planned.append(period._replace(left_out=why_not))
        _refuse_overlaps([period for period in planned if period.date == day and period.is_new])
    return planned


@transaction.atomic
def make_periods(
    *, project: Project, first_on: date, last_on: date, weekdays: Collection[int], hours: Sequence[Hours]
) -> int:
    """Add the periods that the calendar gives; return how many. Periods that are there already stay."""
    planned = plan_periods(
        project=project, first_on=first_on, last_on=last_on, weekdays=weekdays, hours=hours
    )
    new = [
        Period(
            institution_id=project.institution_id,
            project=project,
            date=period.date,
            label=period.label,
            starts=period.starts,
            ends=period.ends,
        )
        for period in planned
        if period.is_new
    ]
    if not new:
        raise CannotMakePeriods(
            _("No new period comes out of this calendar. Look at the preview for the reasons.")
        )
    Period.objects.bulk_create(new)
    return len(new)


def _days(first_on: date, last_on: date) -> Iterator[date]:
    day = first_on
    while day <= last_on:
        yield day
        day += timedelta(days=1)


def _start(row: Hours) -> time:
    return row.starts


def _end(row: Hours) -> time:
    if row.minutes < 1:
        raise CannotMakePeriods(_("A period lasts at least one minute."))
    ends = datetime.combine(date.min, row.starts) + timedelta(minutes=row.minutes)
    if ends.date() != date.min:
        raise CannotMakePeriods(_("A period must end before midnight: shorten it or let it start earlier."))
    return ends.time()


def _why_not(
    period: Planned, holidays: dict[date, str], breaks: list[WeeklyBreak], there: list[Period]
) -> str:
    if period.date in holidays:
        return holidays[period.date] or _("holiday")
    for pause in breaks:
        if pause.weekday == period.date.weekday() and _overlap(period, pause):
            return str(pause)
    for other in there:
        if other.date == period.date and _overlap(period, other):
            return _("there already") if other.starts == period.starts else _("%s is in the way") % other
    return ""


def _overlap(one: Planned, other: WeeklyBreak | Period | Planned) -> bool:
    """Half open: what begins when another ends does not overlap it."""
    return one.starts < other.ends and other.starts < one.ends


def _refuse_overlaps(of_day: list[Planned]) -> None:
    for one, next_one in pairwise(of_day):
        if _overlap(one, next_one):
            raise CannotMakePeriods(
                _("On %(day)s the periods from %(one)s and %(other)s overlap: change a start or a length.")
                % {
                    "day": date_format(one.date, "l"),
                    "one": f"{one.starts:%H:%M}",
                    "other": f"{next_one.starts:%H:%M}",
                }
            )

"""Our seventeen sheets: their columns, what a cell may hold, and which sheet names which.

One definition serves the importer, the admin's import and every export. Headers are compared without case,
spaces and punctuation, so that an alias covers all its spellings. The files are those of the models.
"""

from functools import cache

from projects.spreadsheets.columns import Dataset

from .calendar import periods
from .columns import GENDERS
from .duties import exemptions, pairs, relatives, staffing
from .exams import courses, fixed, links, registrations
from .people import FLAGS, accommodations, designations, students, teachers, teaches, unavailability
from .places import ROOM_WITHOUT_SEATS, SEATS, rooms, seats

__all__ = ["FLAGS", "GENDERS", "ROOM_WITHOUT_SEATS", "SEATS", "definition", "definitions"]


@cache
def definitions(*, day_first: bool = True) -> tuple[Dataset, ...]:
    """All sheets, in the order in which they can be written: a sheet comes after those that it names."""
    return (
        students(),
        courses(),
        rooms(),
        seats(),
        designations(),
        teachers(),
        teaches(),
        unavailability(day_first),
        periods(day_first),
        registrations(),
        fixed(day_first),
        links(),
        accommodations(day_first),
        staffing(),
        exemptions(day_first),
        pairs(),
        relatives(),
    )


def definition(name: str, *, day_first: bool = True) -> Dataset:
    return next(dataset for dataset in definitions(day_first=day_first) if dataset.name == name)

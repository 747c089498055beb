"""The staff's front room: a list for every table, and the pages where the work is done."""

from . import calendar, duties, exams, navigation, people, places, publishing, seating, solutions

__all__ = [
    "calendar",
    "duties",
    "exams",
    "navigation",
    "people",
    "places",
    "publishing",
    "seating",
    "solutions",
]

"""The staff's front room: a list for every table, and the pages where the work is done."""

from . import calendar, exams, navigation, people, places, publishing, solutions

__all__ = ["calendar", "exams", "navigation", "people", "places", "publishing", "solutions"]

"""The order of roll numbers: CS-9 comes before CS-10, in plans as on paper."""

import re
from typing import Any

from projects.models import Project

from .models import Student

_DIGITS = re.compile(r"(\d+)")


def natural_key(text: str) -> tuple[tuple[int, str], ...]:
    """Sorts CS-9 before CS-10."""
    parts = _DIGITS.split(text)
    return tuple((int(part), "") if n % 2 else (-1, part.casefold()) for n, part in enumerate(parts))


def students_in_order(project: Project, *fields: str) -> list[tuple[Any, ...]]:
    """(key, roll number, the fields asked for) of each student of the project."""
    rows = Student.objects.for_project(project).values_list("pk", "roll_no", *fields)
    return sorted(rows, key=lambda row: (natural_key(row[1]), row[1]))

"""Which candidate group a student belongs to."""

from collections.abc import Sequence

from .models import CandidateGroup

# What a group may ask for, as fields of a student.
FIELDS = ("gender", "shift", "campus", "programme")


def group_of(
    groups: Sequence[CandidateGroup], gender: str, shift: str, campus: str, programme: int | None
) -> int | None:
    """The place of the first group that fits, None if none does. An empty field of a group means any."""
    for place, group in enumerate(groups):
        if (
            group.gender in ("", gender)
            and group.shift.casefold() in ("", shift.casefold())
            and group.campus.casefold() in ("", campus.casefold())
            and group.programme_id in (None, programme)
        ):
            return place
    return None

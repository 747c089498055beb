"""Families that are probably one: the same address, phone, or child, written down twice."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from itertools import combinations
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from projects.models import Institution

from .models import Child, Guardian, Guardianship, Household

# Together at least so much makes two households worth a look.
ENOUGH = 3
# A key that so many share (the school's own phone) tells nothing.
MOST_ALIKE = 8


class Reason(NamedTuple):
    words: str | Promise
    weight: int


SAME_EMAIL = Reason(_("the same e-mail"), 3)
SAME_CHILD = Reason(_("a child of the same name and birthday"), 3)
SAME_PHONE = Reason(_("the same phone"), 2)
SAME_NAME = Reason(_("a guardian of the same name"), 2)
SAME_BIRTHDAY = Reason(_("a child with the same birthday"), 1)


class Likeness(NamedTuple):
    """Two households, the older first, and why they may be one."""

    one: Household
    other: Household
    reasons: list[Reason]

    @property
    def weight(self) -> int:
        return sum(reason.weight for reason in self.reasons)


def plain(words: str) -> str:
    return " ".join(words.casefold().split())


def digits(phone: str) -> str:
    """The last nine digits: with and without the country's code it is the same phone."""
    return "".join(sign for sign in phone if sign.isdigit())[-9:]


def find(institution: Institution) -> list[Likeness]:
    """Pairs of households worth a look, the likeliest first. Three queries."""
    homes = {
        home.pk: home
        for home in Household.objects.for_institution(institution).filter(merged_into__isnull=True)
    }
    shared: dict[tuple[int, int], set[Reason]] = defaultdict(set)
    for reason, keys in _keys(institution):
        for households in keys.values():
            known = sorted(households & homes.keys())
            if 1 < len(known) <= MOST_ALIKE:
                for pair in combinations(known, 2):
                    shared[pair].add(reason)
    found = []
    for (one, other), reasons in shared.items():
        if SAME_CHILD in reasons:
            reasons.discard(SAME_BIRTHDAY)
        likeness = Likeness(homes[one], homes[other], sorted(reasons, key=lambda one: -one.weight))
        if likeness.weight >= ENOUGH:
            found.append(likeness)
    return sorted(found, key=lambda one: (-one.weight, one.one.name, one.one.pk))


def _keys(institution: Institution) -> Iterator[tuple[Reason, dict[Hashable, set[int]]]]:
    """For each reason who has the same key."""
    guardians = Guardian.objects.for_institution(institution).filter(
        merged_into__isnull=True, erased_at__isnull=True
    )
    people = list(guardians.values_list("household", "email", "phone", "name"))
    yield SAME_EMAIL, _together((plain(email), home) for home, email, _phone, _name in people)
    yield (
        SAME_PHONE,
        _together((digits(phone), home) for home, _email, phone, _name in people if len(digits(phone)) >= 6),
    )
    yield SAME_NAME, _together((plain(name), home) for home, _email, _phone, name in people)
    rights = Guardianship.objects.for_institution(institution).filter(
        child__merged_into__isnull=True, child__erased_at__isnull=True
    )
    children = set(
        rights.values_list("guardian__household", "child", "child__given_name", "child__date_of_birth")
    )
    yield SAME_CHILD, _unless_one(((plain(name), born), child, home) for home, child, name, born in children)
    yield SAME_BIRTHDAY, _unless_one((born, child, home) for home, child, _name, born in children)


def _together(keys: Iterable[tuple[str, int]]) -> dict[Hashable, set[int]]:
    found: dict[Hashable, set[int]] = defaultdict(set)
    for key, home in keys:
        if key:
            found[key].add(home)
    return found


def _unless_one(keys: Iterable[tuple[Hashable, int, int]]) -> dict[Hashable, set[int]]:
    """A child of two households is one child, and no sign of anything."""
    homes: dict[Hashable, set[int]] = defaultdict(set)
    children: dict[Hashable, set[int]] = defaultdict(set)
    for key, child, home in keys:
        homes[key].add(home)
        children[key].add(child)
    return {key: found for key, found in homes.items() if len(children[key]) > 1}


class Same(NamedTuple):
    """Two rows that stand for one person; the first is kept."""

    kept: Any
    other: Any

    @property
    def name(self) -> str:
        """In a form: "guardian:12:15"."""
        return f"{self.kept._meta.model_name}:{self.kept.pk}:{self.other.pk}"


def guardians_of(household: Household) -> list[Guardian]:
    rows = Guardian.objects.for_institution(household.institution).filter(
        household=household, merged_into__isnull=True
    )
    return list(rows.select_related("user").order_by("pk"))


def children_of(household: Household) -> list[Child]:
    """Of any of its guardians, now or before."""
    rights = Guardianship.objects.for_institution(household.institution).filter(guardian__household=household)
    rows = Child.objects.for_institution(household.institution).filter(
        pk__in=rights.values("child"), merged_into__isnull=True
    )
    return list(rows.select_related("year_group", "person").order_by("date_of_birth", "pk"))


def same_people(kept: Household, other: Household) -> list[Same]:
    """Guardians and children of the other household who are probably there already."""
    found = _pairs(guardians_of(kept), guardians_of(other), _is_same_guardian)
    return found + _pairs(children_of(kept), children_of(other), _is_same_child)


def _pairs(mine: list[Any], theirs: list[Any], is_same: Any) -> list[Same]:
    pairs = []
    left = list(mine)
    for other in theirs:
        match = next((row for row in left if row.pk != other.pk and is_same(row, other)), None)
        if match and other.pk not in {row.pk for row in mine}:
            left.remove(match)
            pairs.append(Same(match, other))
    return pairs


def _is_same_guardian(one: Guardian, other: Guardian) -> bool:
    """By e-mail or name; not by phone, which a couple may share."""
    same_email = bool(one.email) and plain(one.email) == plain(other.email)
    return same_email or plain(one.name) == plain(other.name)


def _is_same_child(one: Child, other: Child) -> bool:
    return one.date_of_birth == other.date_of_birth and plain(one.given_name) == plain(other.given_name)

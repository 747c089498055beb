"""Whose money a line of the bank's statement is: suggestions with their reasons, the match, and its undoing.

A suggestion never becomes a payment by itself: the office confirms. The payment stands in the ledger once,
because the line is held while it is entered; a wrong match is undone by the opposite entry.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from django.db import models, transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from projects import history
from projects.models import Institution

from . import owed, paying, till
from .models import BankLine, Guardianship, Household, Payment

# So many are shown for a line.
MOST = 4
# A sum that more families than these owe tells nothing of whose it is.
TELLING = 3

State = BankLine.State


class CannotMatch(Exception):
    """Why this line cannot be matched, or its match not be undone, in words for the office."""


class Certainty(models.IntegerChoices):
    POSSIBLE = 1, gettext_lazy("possible")
    LIKELY = 2, gettext_lazy("likely")
    CERTAIN = 3, gettext_lazy("certain")


class Reason(models.TextChoices):
    REFERENCE = "reference", gettext_lazy("the reference")
    AMOUNT = "amount", gettext_lazy("the amount")
    NAME = "name", gettext_lazy("the name")


class Candidate(NamedTuple):
    """A household whose money this may be, why, and what it owes."""

    household: Household
    certainty: Certainty
    reasons: tuple[Reason, ...]
    due: Decimal


def suggest(institution: Institution, lines: Sequence[BankLine]) -> dict[int, list[Candidate]]:
    """For each line (by key) the households it may come from, the surest first. Five statements."""
    return _Families(institution).candidates_of(lines) if lines else {}


class _Families:
    """What the lines are compared with."""

    def __init__(self, institution: Institution) -> None:
        rows = Household.objects.for_institution(institution)
        every = {row.pk: row for row in rows}
        self.households = {key: row for key, row in every.items() if row.merged_into_id is None}
        # A family goes on writing the reference that it had before it was merged.
        self.by_reference = {_bare(row.reference): _kept(row, every) for row in every.values()}
        self.due: dict[int, Decimal] = {}
        self.by_amount: dict[Decimal, set[int]] = defaultdict(set)
        for key, dues in owed.dues_of(institution).items():
            self.due[key] = sum((due.open for due in dues), Decimal(0))
            for amount in (self.due[key], *(due.open for due in dues)):
                self.by_amount[amount].add(key)
        # Word → people (household, all words of the name) who are called so.
        self.by_word: dict[str, set[tuple[int, frozenset[str]]]] = defaultdict(set)
        for key, name in self._names(institution):
            words = frozenset(_words(name))
            for word in words:
                self.by_word[word].add((key, words))

    def _names(self, institution: Institution) -> Iterable[tuple[int, str]]:
        rights = Guardianship.objects.for_institution(institution).values_list(
            "guardian__household",
            "guardian__name",
            "child__given_name",
            "child__family_name",
        )
        for key, guardian, given, family in rights:
            if key:
                yield key, guardian
                yield key, f"{given} {family}"

    def candidates_of(self, lines: Sequence[BankLine]) -> dict[int, list[Candidate]]:
        return {line.pk: self._candidates(line) for line in lines}

    def _candidates(self, line: BankLine) -> list[Candidate]:
        words = _words(f"{line.payer} {line.text}")
        named = self._named(set(words))
        referred = self._referred(words)
        owing = self.by_amount.get(line.amount, set())
        meant = referred | {key for key, is_whole in named.items() if is_whole}
        meant |= {key for key in named if key in owing}
        if len(owing) <= TELLING:
            meant |= owing
        found = []
        for key in meant & self.households.keys():
            reasons = [Reason.REFERENCE] if key in referred else []
            reasons += [Reason.AMOUNT] if key in owing else []
            reasons += [Reason.NAME] if named.get(key) or (key in named and key in owing) else []
            certainty = Certainty.POSSIBLE
            if key in referred:
                is_sure = len(reasons) > 1 and len(referred) == 1
                certainty = Certainty.CERTAIN if is_sure else Certainty.LIKELY
            elif named.get(key) and key in owing:
                certainty = Certainty.LIKELY
            found.append(
                Candidate(self.households[key], certainty, tuple(reasons), self.due.get(key, Decimal(0)))
            )
        found.sort(key=lambda one: (-one.certainty, -len(one.reasons), one.household.name))
        if len(found) > 1 and found[0].certainty == found[1].certainty == Certainty.LIKELY:
            # Two of a name with the same debt: neither is likelier than the other.
            found = [one._replace(certainty=Certainty.POSSIBLE) for one in found]
        return found[:MOST]

    def _named(self, words: set[str]) -> dict[int, bool]:
        """Households of which somebody's name stands there; whether it is the whole name."""
        found: dict[int, bool] = {}
        for word in words:
            for key, name in self.by_word.get(word, ()):
                found[key] = found.get(key, False) or (len(name) > 1 and name <= words)
        return found

    def _referred(self, words: list[str]) -> set[int]:
        """Households whose reference stands there, also where the bank has cut it in two."""
        bare = {*words, *(one + other for one, other in pairwise(words))}
        return {self.by_reference[word] for word in bare if word in self.by_reference}


def _kept(row: Household, every: dict[int, Household]) -> int:
    """The household that this one was merged into, at the end of all merges, or itself."""
    passed = set()
    # No act merges in a circle; should rows say so all the same, the page must not go round it for ever.
    while row.merged_into_id and row.pk not in passed:
        passed.add(row.pk)
        row = every[row.merged_into_id]
    return row.pk


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def _bare(reference: str) -> str:
    return "".join(_words(reference))


# --- acts ---------------------------------------------------------------------------------------------------
def match(*, line: BankLine, household: Household, staff: User | None) -> Payment:
    """The line is this household's money: entered as a payment. Raises CannotMatch, paying.CannotPay."""
    with transaction.atomic(), history.acting(by=staff):
        line = _held(line)
        if line.state == State.MATCHED:
            raise CannotMatch(_("That line is entered already."))
        if household.institution_id != line.institution_id:
            raise CannotMatch(_("That is no family of this school."))
        day = date_format(line.booked_on, "Y-m-d")
        payment = till.enter(
            household=household,
            amount=line.amount,
            way="bank",
            staff=staff,
            note=f"{day} {line.payer} {line.text}".strip()[:200],
        )
        line.state, line.household, line.payment = State.MATCHED, household, payment
        line.save(update_fields=["state", "household", "payment"])
    paying.confirm_places(payment)
    return payment


def undo(*, line: BankLine, staff: User | None, reason: str) -> None:
    """It was somebody else's: the ledger gets the opposite entry, and the line is open again."""
    with transaction.atomic(), history.acting(by=staff, reason=reason[:300]):
        line = _held(line)
        if line.state != State.MATCHED or line.payment is None:
            raise CannotMatch(_("That line is not entered."))
        till.take_back(payment=line.payment, staff=staff)
        line.state, line.household, line.payment = State.OPEN, None, None
        line.save(update_fields=["state", "household", "payment"])


def set_aside(*, line: BankLine, staff: User | None) -> None:
    """No family's money."""
    _move(line, State.OPEN, State.IGNORED, staff)


def reopen(*, line: BankLine, staff: User | None) -> None:
    _move(line, State.IGNORED, State.OPEN, staff)


def _move(line: BankLine, before: str, after: str, staff: User | None) -> None:
    with transaction.atomic(), history.acting(by=staff):
        line = _held(line)
        if line.state != before:
            raise CannotMatch(_("Somebody has decided about that line meanwhile."))
        line.state = after
        line.save(update_fields=["state"])


def _held(line: BankLine) -> BankLine:
    """Nobody else decides about it until this transaction is over."""
    rows = BankLine.objects.select_for_update(of=("self",)).select_related("payment", "institution")
    return rows.get(pk=line.pk)

"""Why something cannot be, and what would cure it: kinds, numbers, and the words for people."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from .problem import Bools, PairRule

Name = Callable[[int], str]
Words = Callable[[str], str]
MOST_NAMED = 12


def gettext_noop(words: str) -> str:
    """Marks words for translators; whoever shows them gives `sentence` the translation."""
    return words


class Fix(NamedTuple):
    """What would help; `changes.apply_fix` makes the change.

    kind: see _FIXES. exams, periods: what it is about. who: a person's number. value: minutes
    that a period must last, seats of a new or larger room, a limit's new number, students who would have
    both exams at once. rule: the rule to drop. left_out: exams that stay out when it was tried, -1 = not
    tried.
    """

    kind: str
    exams: tuple[int, ...] = ()
    periods: tuple[int, ...] = ()
    who: int = -1
    value: int = 0
    rule: PairRule | None = None
    left_out: int = -1

    def sentence(self, exam: Name = str, period: Name = str, who: Name = str, words: Words = str) -> str:
        """The fix in words; `exam`, `period`, `who` name things by their numbers, `words` translates."""
        rule = rule_words(self.rule, exam, words) if self.rule is not None else ""
        return words(_FIXES[self.kind]).format(
            exams=named(self.exams, exam),
            periods=named(self.periods, period, 4),
            who=who(self.who) if self.who >= 0 else "",
            value=self.value,
            rule=rule,
        )


class Demand(NamedTuple):
    """One thing that is asked for and could be given up. kind: see _DEMANDS; the rest as in Fix."""

    kind: str
    exams: tuple[int, ...] = ()
    periods: tuple[int, ...] = ()
    who: int = -1
    value: int = 0
    rule: PairRule | None = None

    def sentence(self, exam: Name = str, period: Name = str, who: Name = str, words: Words = str) -> str:
        if self.rule is not None:
            return rule_words(self.rule, exam, words)
        return words(_DEMANDS[self.kind]).format(
            exams=named(self.exams, exam),
            periods=named(self.periods, period, 4),
            who=who(self.who) if self.who >= 0 else "",
            value=self.value,
        )


class Reason(NamedTuple):
    """kind: too_long, too_large, no_period (allowed by itself nowhere), student, person, clique (more exams
    that may not share a period than periods), rules (rules between exams contradict each other or the
    periods), seats, exams (more than all periods together may hold), together (a smallest set of exams and
    demands that cannot hold together), left_out.

    exams, periods: who it is about, where they could be. needed, available: the two numbers that do not fit.
    who: number of the student or person. demands: for together. in_the_way: for left_out, (period, cause,
    exams) for every period; cause is closed, clash, rule, full or rooms. fixes: what would help, best first.
    """

    kind: str
    exams: tuple[int, ...]
    periods: tuple[int, ...] = ()
    needed: int = 0
    available: int = 0
    who: int = -1
    rules: tuple[PairRule, ...] = ()
    fixes: tuple[Fix, ...] = ()
    in_the_way: tuple[tuple[int, str, tuple[int, ...]], ...] = ()
    demands: tuple[Demand, ...] = ()

    def sentence(self, exam: Name = str, period: Name = str, who: Name = str, words: Words = str) -> str:
        """The reason in words; `exam`, `period`, `who` name things by their numbers, `words` translates."""
        if self.kind == "together":
            said = "; ".join(demand.sentence(exam, period, who, words) for demand in self.demands)
            return words(_REASONS["together"]).format(exams=named(self.exams, exam), demands=said)
        if self.kind == "left_out":
            said = self._obstacles(exam, period, words)
            return words(_REASONS["left_out"]).format(exams=named(self.exams, exam), obstacles=said)
        return words(_REASONS[self.kind]).format(
            exams=named(self.exams, exam),
            periods=named(self.periods, period, 8) or words(_NONE),
            who=who(self.who) if self.who >= 0 else "",
            needed=self.needed,
            available=self.available,
        )

    def _obstacles(self, exam: Name, period: Name, words: Words) -> str:
        causes = defaultdict(list)
        for p, cause, _ in self.in_the_way:
            causes[cause].append(p)
        parts = [words(_CAUSES[cause]).format(count=len(where)) for cause, where in causes.items()]
        movable = [row for row in self.in_the_way if row[2] and row[1] in ("clash", "rule")]
        if movable:
            p, _, others = min(movable, key=lambda row: len(row[2]))
            parts.append(words(_NEAREST).format(period=period(p), exams=named(others, exam)))
        return "; ".join(parts)


def numbers(mask: Bools) -> tuple[int, ...]:
    """The numbers of what a mask holds."""
    return tuple(int(number) for number in np.flatnonzero(mask))


def named(some: Iterable[int], name: Name, most: int = MOST_NAMED) -> str:
    """Their names one after the other, `most` of them at most."""
    several = list(some)
    return ", ".join(name(n) for n in several[:most]) + (" …" if len(several) > most else "")


def rule_words(rule: PairRule, exam: Name, words: Words) -> str:
    return words(_RULES[rule.kind]).format(a=exam(rule.a), b=exam(rule.b), value=rule.value)


_NONE = gettext_noop("none")
_REASONS = {
    "too_long": gettext_noop("{exams} lasts {needed} minutes, but its longest period has {available}."),
    "too_large": gettext_noop(
        "{exams} needs {needed} seats, but its rooms have {available} at most in one period."
    ),
    "no_period": gettext_noop(
        "{exams} has no period: those allowed, its fixed date, its people's times do not meet."
    ),
    "student": gettext_noop(
        "Student {who} has {needed} exams ({exams}) with only {available} periods ({periods})."
    ),
    "person": gettext_noop(
        "Person {who} must be at {needed} exams ({exams}) with only {available} periods ({periods})."
    ),
    "clique": gettext_noop(
        "{exams}: each two of these {needed} exams clash; they have {available} periods ({periods})."
    ),
    "rules": gettext_noop("The rules between {exams} leave no period for one of them."),
    "seats": gettext_noop(
        "{exams} need {needed} seats, but their rooms have {available} in all periods together."
    ),
    "exams": gettext_noop("There are {needed} exams, but all periods together may hold {available}."),
    "together": gettext_noop("{exams} cannot all be placed: {demands}."),
    "left_out": gettext_noop("{exams} is left out: {obstacles}."),
}
_CAUSES = {
    "closed": gettext_noop("it may not or cannot be in {count} periods"),
    "clash": gettext_noop("students or teachers have another exam in {count} periods"),
    "rule": gettext_noop("a rule with another exam forbids it in {count} periods"),
    "full": gettext_noop("the limit of exams or candidates is reached in {count} periods"),
    "rooms": gettext_noop("there are no rooms left for it in {count} periods"),
}
_NEAREST = gettext_noop("nearest is {period}, where only {exams} would have to move")
_RULES = {
    "same_period": gettext_noop("{a} and {b} are in the same period"),
    "different_period": gettext_noop("{a} and {b} are in different periods"),
    "before": gettext_noop("{a} is before {b}"),
    "same_day": gettext_noop("{a} and {b} are on the same day"),
    "different_day": gettext_noop("{a} and {b} are on different days"),
    "min_gap": gettext_noop("{a} and {b} are at least {value} minutes apart"),
    "min_days": gettext_noop("{a} and {b} are at least {value} days apart"),
    "adjacent": gettext_noop("{a} and {b} are in neighbouring periods"),
    "same_room": gettext_noop("{a} and {b} use the same rooms"),
    "different_room": gettext_noop("{a} and {b} use different rooms"),
}
_DEMANDS = {
    "fixed": gettext_noop("fixed on {periods}: {exams}"),
    "allowed": gettext_noop("only on {periods}: {exams}"),
    "long": gettext_noop("only {periods} are long enough for {exams}"),
    "away": gettext_noop("{who} is away on {periods}"),
    "clash": gettext_noop("{exams} have students in common ({value})"),
    "clashes": gettext_noop("each two of {exams} have students in common"),
    "person": gettext_noop("{who} must be at {exams}"),
    "alone": gettext_noop("rooms with no other exam: {exams}"),
    "max_rooms": gettext_noop("in at most {value} rooms each: {exams}"),
    "rooms": gettext_noop("only some rooms suit {exams}"),
    "period_exams": gettext_noop("exams in a period, at most: {value}"),
    "period_candidates": gettext_noop("candidates in a period, at most: {value}"),
    "period_rooms": gettext_noop("rooms in a period, at most: {value}"),
    "seats": gettext_noop("seats in a period: {value}"),
    "periods": gettext_noop("periods: {value}"),
}
_FIXES = {
    "add_period": gettext_noop("add a period after the last one, for {exams}"),
    "release_period": gettext_noop("release the fixed or allowed periods of {exams}"),
    "split_exam": gettext_noop("let {exams} use more rooms"),
    "any_room": gettext_noop("let {exams} use any room"),
    "share_room": gettext_noop("let {exams} share its rooms"),
    "larger_room": gettext_noop("find a room of {value} seats for {exams}"),
    "more_seats": gettext_noop("find {value} more seats in every period, for {exams}"),
    "allow_clash": gettext_noop("allow {exams} at once (students in both: {value})"),
    "drop_rule": gettext_noop("give up the rule: {rule}"),
    "raise_exams": gettext_noop("allow {value} exams in every period"),
    "raise_candidates": gettext_noop("allow {value} candidates in every period"),
    "raise_rooms": gettext_noop("allow {value} rooms in every period"),
    "longer_period": gettext_noop("make the period {periods} {value} minutes long"),
    "free_person": gettext_noop("have {who} there on {periods}"),
    "other_person": gettext_noop("have somebody else than {who} at {exams}"),
}

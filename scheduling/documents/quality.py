"""How good a solution is: rules kept and broken, how close exams lie, how full periods and rooms are."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from itertools import groupby, pairwise

from django.utils import translation

from projects.documents.page import (
    Band,
    Column,
    Section,
    Share,
    Table,
    Value,
    columns_for_typst,
    section_for_typst,
)
from projects.documents.words import short_date
from scheduling.documents.lists import semester_name, sittings_of_rooms
from scheduling.documents.tables import PeriodRow, SittingRow, SolutionRows, StudentRow
from scheduling.documents.words import WORDS
from scheduling.models import Solution
from scheduling.rules import DEMANDS, RULES, must_hold, rule_words, settings_of

# How close two exams of a student lie that follow each other, the closest first.
CLOSENESS = ("same_period", "adjacent", "same_day", "next_day", "few_days", "further")
WORST_SHOWN = 20


def closeness_of(rows: SolutionRows, sittings: Iterable[SittingRow]) -> Counter[str]:
    """Each exam with the next one in time: how often each kind of closeness occurs."""
    place = _places_in_day(rows.periods)
    periods = [sitting.period for sitting in sittings if sitting.period]
    return Counter(_closeness(first, second, place) for first, second in pairwise(sorted(periods)))


def _places_in_day(periods: list[PeriodRow]) -> dict[int, int]:
    return {
        period.pk: place
        for _, of_day in groupby(sorted(periods), key=lambda period: period.date)
        for place, period in enumerate(of_day)
    }


def _closeness(first: PeriodRow, second: PeriodRow, place: dict[int, int]) -> str:
    if first.pk == second.pk:
        return "same_period"
    days = (second.date - first.date).days
    if days == 0:
        return "adjacent" if place[second.pk] - place[first.pk] == 1 else "same_day"
    if days == 1:
        return "next_day"
    return "few_days" if days <= 3 else "further"


def sections(
    rows: SolutionRows, solution: Solution, language: str
) -> list[tuple[tuple[Column, ...], Section]]:
    """The tables of the report, each with its columns."""
    closeness = {
        s.pk: closeness_of(rows, rows.of_student[s.pk]) for s in rows.students if s.pk in rows.of_student
    }
    return [
        _facts(rows, solution, language),
        _hard_rules(solution, language),
        _soft_rules(solution, language),
        _closeness_table(closeness, language),
        _worst_off(rows, closeness, language),
        _periods(rows, language),
        _rooms(rows, language),
    ]


def data(rows: SolutionRows, solution: Solution, language: str) -> dict[str, object]:
    """The same as the template reads it."""
    return {
        "parts": [
            {"columns": columns_for_typst(columns), "section": section_for_typst(section, language)}
            for columns, section in sections(rows, solution, language)
        ]
    }


def tables(rows: SolutionRows, solution: Solution, language: str) -> list[Table]:
    return [
        Table(str(section.heading), columns, section.bands[0].rows)
        for columns, section in sections(rows, solution, language)
    ]


Part = tuple[tuple[Column, ...], Section]


def _part(heading: str, columns: tuple[Column, ...], rows: list[tuple[Value, ...]], note: str = "") -> Part:
    return columns, Section(heading, [Band("", rows)], (note,) if note else ())


def _facts(rows: SolutionRows, solution: Solution, language: str) -> Part:
    words, run = WORDS[language], solution.run
    placed = rows.placed
    datesheet, seats, duties = (solution.measures.get(part, {}) for part in ("datesheet", "seats", "duties"))
    with translation.override(language):
        name = str(solution)
    facts: list[tuple[Value, ...]] = [
        (words["solution"], name),
        (words["made_at"], f"{solution.created_at:%Y-%m-%d %H:%M} UTC"),
        (words["hard_faults"], solution.hard),
        (words["cost"], solution.cost),
        (words["least_cost"], round(datesheet.get("bounds", {}).get("all", 0)) or None),
        (words["sittings_placed"], f"{len(placed)} / {len(rows.sittings)}"),
        (words["students_with_exams"], len(rows.of_student)),
        (words["candidate_sittings"], sum(sitting.candidates for sitting in rows.sittings)),
        (words["periods_used"], f"{len({s.period.pk for s in placed if s.period})} / {len(rows.periods)}"),
        (words["rooms_used"], f"{sum(1 for _ in sittings_of_rooms(rows))} / {len(rows.rooms)}"),
        (words["same_exam_neighbours"], seats.get("same_exam_neighbours")),
        (words["largest_deviation"], duties.get("largest_deviation")),
        (words["above_the_best"], None if "gap" not in duties else f"{duties['gap']:g} %"),
    ]
    if run:
        took = (run.ended_at - run.started_at).total_seconds() if run.started_at and run.ended_at else None
        facts += [
            (words["seed"], str(run.seed)),
            (words["seconds_asked"], run.seconds),
            (words["seconds_taken"], took),
            (words["steps"], sum(step[2] for step in run.record.get("steps", ())) or run.steps),
            (words["workers"], run.workers),
            (words["input_hash"], run.input_hash),
        ]
    known = [(name, value) for name, value in facts if value not in (None, "")]
    return _part(words["facts"], (Column(words["fact"], width=1), Column(words["value"], width=2)), known)


def _that_must_hold(solution: Solution) -> list[str]:
    settings = settings_of(solution.project)
    chosen = (rule.code for rule in RULES if rule.may_be_hard)
    return [code for code in (*chosen, *DEMANDS) if must_hold(code, settings)]


def _hard_rules(solution: Solution, language: str) -> Part:
    """All of them, kept or broken: a rule that is not listed would leave a doubt."""
    words = WORDS[language]
    with translation.override(language):
        found: list[tuple[Value, ...]] = []
        for code in _that_must_hold(solution):
            faults = solution.by_rule.get(code, {}).get("count", 0)
            found.append((rule_words(code), faults, words["broken" if faults else "kept"]))
    columns = (Column(words["rule"], width=1), Column(words["faults"], "number"), Column(words["state"]))
    return _part(words["hard_rules"], columns, found)


def _soft_rules(solution: Solution, language: str) -> Part:
    words = WORDS[language]
    # The solver counts more than a project asks for; what is off and costs nothing is of no interest here.
    used = {code for code, setting in settings_of(solution.project).items() if setting.is_on}
    hard = _that_must_hold(solution)
    soft = {
        code: row
        for code, row in solution.by_rule.items()
        if code not in hard and (code in used or row.get("cost"))
    }
    cost = sum(row.get("cost", 0) for row in soft.values())
    with translation.override(language):
        found: list[tuple[Value, ...]] = [
            (
                rule_words(code),
                _plain(row.get("count", 0)),
                round(row.get("cost", 0)),
                Share(row.get("cost", 0) / cost if cost else 0),
            )
            for code, row in sorted(soft.items(), key=lambda item: -item[1].get("cost", 0))
        ]
    columns = (
        Column(words["rule"], width=2),
        Column(words["faults"], "number"),
        Column(words["cost"], "number"),
        Column(words["share_of_cost"], "share", 1.4),
    )
    return _part(words["soft_rules"], columns, found)


def _plain(count: float) -> float:
    """Faults of weighted registrations are no whole numbers; the others are, and look so."""
    return int(count) if count == int(count) else round(count, 1)


def _closeness_table(closeness: dict[int, Counter[str]], language: str) -> Part:
    words = WORDS[language]
    pairs: Counter[str] = Counter()
    closest: Counter[str] = Counter()
    for counts in closeness.values():
        pairs.update(counts)
        closest[next((kind for kind in CLOSENESS if counts[kind]), "one_exam")] += 1
    total, students = sum(pairs.values()), len(closeness)
    found: list[tuple[Value, ...]] = [
        (
            words[kind],
            pairs[kind] if kind in CLOSENESS else None,
            Share(pairs[kind] / total if total else 0) if kind in CLOSENESS else None,
            closest[kind],
            Share(closest[kind] / students if students else 0),
        )
        for kind in (*CLOSENESS, "one_exam")
    ]
    columns = (
        Column(words["next_exam"], width=1.6),
        Column(words["pairs"], "number"),
        Column(words["share_of_pairs"], "share", 1.2),
        Column(words["students_closest"], "number"),
        Column(words["share_of_students"], "share", 1.2),
    )
    return _part(words["closeness"], columns, found, words["closeness_note"])


def _worst_off(rows: SolutionRows, closeness: dict[int, Counter[str]], language: str) -> Part:
    words = WORDS[language]
    by_pk = {student.pk: student for student in rows.students}

    def burden(pk: int) -> tuple[int, ...]:
        return tuple(-closeness[pk][kind] for kind in CLOSENESS)

    worst = sorted(closeness, key=lambda pk: (burden(pk), by_pk[pk].roll_no))[:WORST_SHOWN]
    columns = (
        Column(words["roll_no"], "code"),
        Column(words["name"], width=2),
        Column(words["programme"], width=2.6),
        Column(words["exams"], "number"),
        *(Column(words[kind], "number", 0.9) for kind in CLOSENESS[:4]),
    )
    found = [
        _worst_row(by_pk[pk], len(rows.of_student[pk]), closeness[pk], language)
        for pk in worst
        if any(closeness[pk][kind] for kind in CLOSENESS[:4])
    ]
    return _part(words["worst_off"], columns, found, words["worst_off_note"])


def _worst_row(student: StudentRow, exams: int, counts: Counter[str], language: str) -> tuple[Value, ...]:
    cohort = [part for part in (student.programme, semester_name(student.semester, language)) if part]
    return student.roll_no, student.name, cohort, exams, *(counts[kind] for kind in CLOSENESS[:4])


def _periods(rows: SolutionRows, language: str) -> Part:
    words = WORDS[language]
    exams: Counter[int] = Counter()
    candidates: Counter[int] = Counter()
    for sitting in rows.placed:
        if sitting.period:
            exams[sitting.period.pk] += 1
            candidates[sitting.period.pk] += sitting.candidates
    found: list[tuple[Value, ...]] = []
    day: dt.date | None = None
    for period in rows.periods:
        seats = rows.seats_in[period.pk]
        taken = candidates[period.pk]
        found.append(
            (
                short_date(period.date, language) if period.date != day else "",
                period.name,
                period.times,
                exams[period.pk],
                taken,
                seats,
                Share(taken / seats if seats else float(taken > 0)),
            )
        )
        day = period.date
    columns = (
        Column(words["date"]),
        Column(words["period"]),
        Column(words["time"], "time"),
        Column(words["exams"], "number"),
        Column(words["candidates"], "number"),
        Column(words["seats"], "number"),
        Column(words["seats_taken"], "share", 1),
    )
    return _part(words["period_load"], columns, found)


def _rooms(rows: SolutionRows, language: str) -> Part:
    """How full a room is when it is used, over all the periods in which it is."""
    words = WORDS[language]
    found: list[tuple[Value, ...]] = []
    for room, used in sittings_of_rooms(rows):
        periods = {sitting.period.pk for sitting, _ in used if sitting.period}
        candidates = sum(count for _, count in used)
        offered = room.seats * len(periods)
        found.append(
            (
                room.code, room.block, room.seats, len(periods), candidates,
                Share(candidates / offered if offered else 0),
            )
        )  # fmt: skip
    columns = (
        Column(words["room"], "code"),
        Column(words["block"], "code"),
        Column(words["seats"], "number"),
        Column(words["periods_used"], "number"),
        Column(words["candidates"], "number"),
        Column(words["fill"], "share", 1),
    )
    return _part(words["room_fill"], columns, found)

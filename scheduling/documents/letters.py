"""A letter to each teacher with the duties of the whole season."""

from collections.abc import Iterator

from projects.documents.page import Band, Column, Section, Value, section_for_typst
from projects.documents.typesetting import Pile
from scheduling.documents.duty_rows import Load
from scheduling.documents.plan import Json, Mass, Plan
from scheduling.documents.rosters import role_of
from scheduling.documents.words import WORDS


def columns(language: str) -> tuple[Column, ...]:
    words = WORDS[language]
    return (
        Column(words["date"]),
        Column(words["period"]),
        Column(words["time"], "time"),
        Column(words["report"], "time"),
        Column(words["role"], width=1.4),
        Column(words["room"], "code", 1),
        Column(words["block"], "code", 0.8),
    )


def pages(plan: Plan, language: str, only: str = "") -> Mass:
    """Department by department, so that each can hand out its own."""
    chosen = [
        load
        for load in sorted(plan.duties.loads, key=lambda one: (one.teacher.department, one.teacher.staff_no))
        if load.duties and (not only or load.teacher.staff_no == only)
    ]
    return Mass(len(chosen), iter([Pile("", _letters(plan, chosen, language))] if chosen else []))


def _letters(plan: Plan, chosen: list[Load], language: str) -> Iterator[Json]:
    words = WORDS[language]
    before = plan.duties.report_before
    for load in chosen:
        duties = plan.duties.of_teacher[load.teacher.pk]
        rows: list[tuple[Value, ...]] = [
            (
                duty.period.date, duty.period.name, duty.times, duty.reports_at(before),
                role_of(duty, language), duty.room.code if duty.room else "",
                duty.room.block if duty.room else duty.block,
            )
            for duty in duties
        ]  # fmt: skip
        section = Section(
            (load.teacher.name, load.teacher.staff_no),
            [Band("", rows)],
            ((load.designation, load.teacher.department),),
        )
        yield {
            **section_for_typst(section, language),
            "told": words["letter_told"].format(duties=load.duties, minutes=f"{load.minutes:,}"),
            "come": words["letter_come"].format(minutes=before),
        }

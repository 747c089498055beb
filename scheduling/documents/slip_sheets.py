"""Roll-number slips: what each candidate brings to the exam; and whose slip is withheld."""

import io
from collections.abc import Iterator
from itertools import groupby

import segno
from django.utils.text import slugify

from projects import outbox
from projects.documents.page import Band, Column, Section, Table, Value, plain, section_for_typst
from projects.documents.typesetting import Pile
from scheduling.documents.lists import (
    codes_of,
    cohort_names,
    room_and_seat,
    students_in_order,
    title_of,
)
from scheduling.documents.plan import Json, Mass, Plan, once
from scheduling.documents.tables import StudentRow
from scheduling.documents.words import WORDS
from scheduling.models import Hold

# Any of the eight is readable; to try all of them for the prettiest takes five times as long.
QR_MASK = 2


def columns(language: str) -> tuple[Column, ...]:
    words = WORDS[language]
    return (
        Column(words["date"]),
        Column(words["time"], "time"),
        Column(words["code"], "code", 1.2),
        Column(words["title"], width=2.6),
        Column(words["room_and_seat"], "code", 1.5),
    )


def pages(plan: Plan, language: str, only: str = "") -> Mass:
    """A slip for each student without a hold, in piles of a programme."""
    chosen = [student for student in students_in_order(plan.rows, only) if student.pk not in plan.holds]
    taken: set[str] = set()
    piles = (
        Pile(once(slugify(programme, allow_unicode=True)[:60], taken), _slips(plan, list(students), language))
        for programme, students in groupby(chosen, key=lambda student: student.programme)
    )
    return Mass(len(chosen), piles)


def _slips(plan: Plan, students: list[StudentRow], language: str) -> Iterator[Json]:
    words = WORDS[language]
    for student in students:
        rows: list[tuple[Value, ...]] = [
            (
                sitting.period.date if sitting.period else words["not_placed"],
                sitting.times(student.extra_minutes(sitting)),
                codes_of(sitting), title_of(sitting, language),
                room_and_seat(sitting, student, plan.seats.seat_of, language),
            )
            for sitting in plan.rows.of_student[student.pk]
        ]  # fmt: skip
        father = (words["father_name"], student.father_name) if student.father_name else ""
        cohort = (*cohort_names(student.cohort, language), student.section)
        section = Section(student.roll_no, [Band("", rows)], (student.name, father, cohort))
        slip = plan.slips.get(student.pk)
        photo = f"{student.pk}.jpg" if student.pk in plan.photos else ""
        yield {
            **section_for_typst(section, language),
            "photo": photo,
            "photos": [photo] if photo else [],
            "issue": str(slip.issue) if slip else "",
            "code": shown_code(slip.code) if slip else "",
            "qr": qr_code(slip_address(plan, slip.code)) if slip else None,
            "address": plain(slip_address(plan)) if slip else "",
        }


def slip_address(plan: Plan, code: str = "") -> str:
    """Where the slip is seen online. The code stands behind #: no server ever writes that part into a log."""
    institution = plan.project.institution
    address = outbox.page_address("scheduling:slip", institution.slug, plan.project.slug)
    return address + (f"#{code}" if code else "")


def shown_code(code: str) -> str:
    """In fours, as people read and type it."""
    return "-".join(code[place : place + 4] for place in range(0, len(code), 4))


def qr_code(address: str) -> list[int]:
    """A PNG's bytes, a pixel a module."""
    out = io.BytesIO()
    made = segno.make(address, error="m", boost_error=False, micro=False, mask=QR_MASK)
    made.save(out, kind="png", scale=1, border=0)
    return list(out.getvalue())


# --- withheld ---------------------------------------------------------------------------------------------
def withheld_columns(language: str) -> tuple[Column, ...]:
    words = WORDS[language]
    return (
        Column(words["roll_no"], "code", 1.2),
        Column(words["name"], width=1.8),
        Column(words["semester"], "code"),
        Column(words["withheld_for"], width=2.4),
        Column(words["go_to"], width=2),
    )


def _withheld(plan: Plan) -> Iterator[tuple[StudentRow, list[Hold]]]:
    for student in students_in_order(plan.rows):
        if student.pk in plan.holds:
            yield student, plan.holds[student.pk]


def _reasons(holds: list[Hold], language: str) -> list[str]:
    words = WORDS[language]
    return [words[f"hold_{hold.kind}"] + (f" ({hold.reason})" if hold.reason else "") for hold in holds]


def where_to_go(holds: list[Hold], language: str) -> list[str]:
    return list(dict.fromkeys(WORDS[language][f"desk_{hold.kind}"] for hold in holds))


def withheld_sections(plan: Plan, language: str, only: str = "") -> Iterator[Section]:
    found = list(_withheld(plan))
    words = WORDS[language]
    for programme, of_programme in groupby(found, key=lambda pair: pair[0].programme):
        rows: list[tuple[Value, ...]] = [
            (
                student.roll_no, student.name, student.semester,
                _reasons(holds, language), where_to_go(holds, language),
            )
            for student, holds in of_programme
        ]  # fmt: skip
        yield Section(programme or words["no_programme"], [Band("", rows)])


def withheld_tables(plan: Plan, language: str, only: str = "") -> list[Table]:
    words = WORDS[language]
    heads = (
        Column(words["roll_no"], "code"),
        Column(words["name"]),
        Column(words["programme"]),
        Column(words["semester"], "code"),
        Column(words["withheld_for"]),
        Column(words["go_to"]),
    )
    listed: list[tuple[Value, ...]] = [
        (
            student.roll_no, student.name, student.programme, student.semester,
            _reasons(holds, language), where_to_go(holds, language),
        )
        for student, holds in _withheld(plan)
    ]  # fmt: skip
    return [Table(words["slips_withheld"], heads, listed)]

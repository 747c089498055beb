"""Who watches when and where: the roster of each period, the matrix of all, and how evenly it is shared."""

from collections.abc import Iterator
from itertools import groupby

from projects.documents.page import Band, Column, Section, Table, Value, breakable
from projects.documents.words import short_date, weekday
from scheduling.documents.day_lists import period_heading
from scheduling.documents.duty_rows import ROLES, DutyRow, Load
from scheduling.documents.plan import Json, Plan
from scheduling.documents.words import WORDS
from scheduling.models import Role

# Columns of periods that an A3 page in landscape has room for.
PERIODS_A_PAGE = 28
# What stands in a cell of the matrix; the legend below it says so.
MARKS = {
    Role.INVIGILATOR: "D", Role.RESERVE: "R", Role.SUPERINTENDENT: "S", Role.READER: "V", Role.SCRIBE: "W",
    Role.SUPERVISOR: "B",
}  # fmt: skip


def role_of(duty: DutyRow, language: str) -> str:
    words = WORDS[language]
    return words[duty.role] if duty.student is None else f"{words[duty.role]} ({duty.student.roll_no})"


# --- roster of each period --------------------------------------------------------------------------------
def roster_columns(language: str) -> tuple[Column, ...]:
    words = WORDS[language]
    return (
        Column(words["room"], "code", 1),
        Column(words["role"], width=1.2),
        Column(words["name"], width=2),
        Column(words["department"], width=1.7),
        Column(words["report"], "time"),
        Column(words["signature"], width=1.9),
    )


def roster_sections(plan: Plan, language: str, only: str = "") -> Iterator[Section]:
    """Posts without anybody stand there too: somebody has to be found for them."""
    words = WORDS[language]
    before = plan.duties.report_before
    for period, duties in plan.duties.periods():
        bands = []
        for (is_whole, without_block, block), of_block in groupby(sorted(duties, key=_where), key=_where):
            heading = words["whole_period"] if is_whole else words["rooms"] if without_block else ""
            rows: list[tuple[Value, ...]] = [
                (
                    duty.room.code if duty.room else "", role_of(duty, language),
                    duty.teacher.name if duty.teacher else words["open_post"],
                    duty.teacher.department if duty.teacher else "",
                    duty.reports_at(before), "",
                )
                for duty in of_block
            ]  # fmt: skip
            bands.append(Band(heading or f"{words['block']} {block}", rows))
        # Rooms without blocks need no heading that says so.
        if len(bands) == 1:
            bands = [Band("", bands[0].rows)]
        yield Section(period_heading(period, language), bands)


def _where(duty: DutyRow) -> tuple[bool, bool, str]:
    """Blocks first, then rooms without a block, then who is there for the whole period."""
    block = _block_of(duty)
    return not block and duty.room is None, not block, block


def _block_of(duty: DutyRow) -> str:
    return duty.room.block if duty.room else duty.block


def roster_tables(plan: Plan, language: str, only: str = "") -> list[Table]:
    words = WORDS[language]
    columns = (
        Column(words["date"], "date"),
        Column(words["day"]),
        Column(words["period"]),
        Column(words["report"], "time"),
        Column(words["start"], "time"),
        Column(words["end"], "time"),
        Column(words["block"], "code"),
        Column(words["room"], "code"),
        Column(words["role"]),
        Column(words["staff_no"], "code"),
        Column(words["name"]),
        Column(words["department"]),
    )
    listed: list[tuple[Value, ...]] = [
        (
            duty.period.date, weekday(duty.period.date, language), duty.period.name,
            duty.reports_at(plan.duties.report_before), duty.starts, duty.ends, _block_of(duty),
            duty.room.code if duty.room else None, role_of(duty, language),
            duty.teacher.staff_no if duty.teacher else None,
            duty.teacher.name if duty.teacher else words["open_post"],
            duty.teacher.department if duty.teacher else None,
        )
        for duty in plan.duties.duties
    ]  # fmt: skip
    return [Table(words["duty_roster"], columns, listed)]


# --- matrix -----------------------------------------------------------------------------------------------
def matrix_data(plan: Plan, language: str) -> Json:
    """People down, periods across, in parts of as many periods as a page has room for."""
    words = WORDS[language]
    periods = sorted({duty.period for duty in plan.duties.duties})
    people = _people(plan)
    parts = []
    for first in range(0, len(periods), PERIODS_A_PAGE):
        shown = periods[first : first + PERIODS_A_PAGE]
        days = [
            {"date": short_date(day, language), "periods": [breakable(period.name) for period in of_day]}
            for day, grouped in groupby(shown, key=lambda period: period.date)
            for of_day in [list(grouped)]
        ]
        rows = []
        for number, load in enumerate(people, start=1):
            mark = {d.period.pk: _mark(d) for d in plan.duties.of_teacher.get(load.teacher.pk, ())}
            rows.append(
                {
                    "number": str(number),
                    "name": breakable(load.teacher.name),
                    "department": breakable(load.teacher.department),
                    "marks": [mark.get(period.pk, "") for period in shown],
                    "duties": str(load.duties),
                    "minutes": f"{load.minutes:,}",
                }
            )
        parts.append({"days": days, "rows": rows, "is_last": first + PERIODS_A_PAGE >= len(periods)})
    used = [role for role in ROLES if any(duty.role == role for duty in plan.duties.duties)]
    return {"parts": parts, "legend": [[MARKS[role], words[role]] for role in used]}


def _mark(duty: DutyRow) -> str:
    return MARKS[Role(duty.role)]


def _people(plan: Plan) -> list[Load]:
    """Everybody with a duty and everybody who could have one, by department."""
    return sorted(plan.duties.loads, key=lambda load: (load.teacher.department, load.teacher.staff_no))


def matrix_tables(plan: Plan, language: str, only: str = "") -> list[Table]:
    words = WORDS[language]
    periods = sorted({duty.period for duty in plan.duties.duties})
    columns = (
        Column(words["staff_no"], "code"),
        Column(words["name"]),
        Column(words["department"]),
        *(
            Column(f"{weekday(p.date, language, short=True)} {p.date.isoformat()} {p.name}", "code")
            for p in periods
        ),
        Column(words["duties"], "number"),
        Column(words["minutes"], "number"),
    )
    listed: list[tuple[Value, ...]] = []
    for load in _people(plan):
        place = {
            duty.period.pk: f"{_mark(duty)} {duty.room.code}" if duty.room else _mark(duty)
            for duty in plan.duties.of_teacher.get(load.teacher.pk, ())
        }
        listed.append(
            (
                load.teacher.staff_no, load.teacher.name, load.teacher.department,
                *(place.get(period.pk) for period in periods), load.duties, load.minutes,
            )
        )  # fmt: skip
    return [Table(words["duty_matrix"], columns, listed)]


# --- fairness ---------------------------------------------------------------------------------------------
def fairness_columns(language: str) -> tuple[Column, ...]:
    words = WORDS[language]
    return (
        Column(words["staff_no"], "code"),
        Column(words["name"], width=2),
        Column(words["department"], width=1.8),
        Column(words["post_share"], "number"),
        Column(words["carried"], "number"),
        Column(words["target_minutes"], "number"),
        Column(words["minutes"], "number"),
        Column(words["deviation"], "number"),
        Column(words["duties"], "number"),
        Column(words["days"], "number"),
        Column(words["reserves"], "number"),
    )


def fairness_sections(plan: Plan, language: str, only: str = "") -> Iterator[Section]:
    """By designation, who is furthest over the target first."""
    words = WORDS[language]
    bands = []
    for designation, of_rank in groupby(plan.duties.loads, key=lambda load: load.designation):
        listed = sorted(of_rank, key=lambda load: (-load.deviation, load.teacher.staff_no))
        rows = [_fairness_row(load) for load in listed]
        bands.append(Band(designation or words["no_designation"], rows))
    yield Section(words["fairness_heading"], bands, (words["fairness_note"],))


def _fairness_row(load: Load) -> tuple[Value, ...]:
    return (
        load.teacher.staff_no, load.teacher.name, load.teacher.department, f"{load.share:g}",
        _signed(load.carried), load.target, load.minutes,
        _signed(load.deviation), load.duties, load.days, load.reserves,
    )  # fmt: skip


def _signed(minutes: int) -> str:
    return f"{minutes:+,}" if minutes else "0"


def fairness_tables(plan: Plan, language: str, only: str = "") -> list[Table]:
    words = WORDS[language]
    columns = (
        Column(words["staff_no"], "code"),
        Column(words["name"]),
        Column(words["department"]),
        Column(words["designation"]),
        Column(words["post_share"], "number"),
        Column(words["carried"], "number"),
        Column(words["target_minutes"], "number"),
        Column(words["minutes"], "number"),
        Column(words["deviation"], "number"),
        Column(words["duties"], "number"),
        Column(words["days"], "number"),
        Column(words["reserves"], "number"),
    )
    listed: list[tuple[Value, ...]] = [
        (
            load.teacher.staff_no, load.teacher.name, load.teacher.department, load.designation,
            load.share, load.carried, load.target, load.minutes,
            load.deviation, load.duties, load.days, load.reserves,
        )
        for load in plan.duties.loads
    ]  # fmt: skip
    return [Table(words["duty_fairness"], columns, listed)]

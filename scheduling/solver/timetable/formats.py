"""Benchmark instances: the examination track of ITC-2007, Carter's (Toronto) sets, and our own JSON.

Sources: the competition's "input format" page and technical report (see score/); M. Carter's file pairs
NAME.crs and NAME.stu. Both are read with the faults that the published files have.
"""

import json
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import exchange
from .problem import PairRule, Plan, Problem, find_conflicts, make_problem

# Qu, Burke, McCollum, Merlot & Lee (2009), A survey of search methodologies and automated system
# development for examination timetabling: the number of periods belongs to the benchmark.
CARTER_PERIODS = {
    "car-f-92": 32,
    "car-s-91": 35,
    "ear-f-83": 24,
    "hec-s-92": 18,
    "kfu-s-93": 20,
    "lse-f-91": 18,
    "pur-s-93": 42,
    "rye-s-93": 23,
    "sta-f-83": 13,
    "tre-s-92": 23,
    "uta-s-92": 35,
    "ute-s-92": 10,
    "yor-f-83": 21,
}


class Instance(NamedTuple):
    """kind: "itc2007", "carter" or "json". labels: the exams' names there. divisor: students, in
    Carter's cost."""

    kind: str
    name: str
    problem: Problem
    labels: tuple[str, ...]
    divisor: int = 1


def read_instance(path: str | Path, periods: int | None = None) -> Instance:
    """An ITC-2007 `.exam` file, a `.json` file of exchange.py, or a Carter pair by its stem, its `.crs` or
    its `.stu`. `periods` overrides the number that belongs to a Carter instance. ValueError if the file
    cannot be understood."""
    path = Path(path)
    if path.suffix == ".json":
        problem, names = exchange.read_problem(path)
        labels = names.get("exams", [str(exam) for exam in range(problem.exams)])
        return Instance("json", path.stem, problem, tuple(labels))
    if path.suffix == ".exam":
        return read_itc2007(path)
    stem = path.with_suffix("") if path.suffix in (".crs", ".stu") else path
    if stem.with_name(stem.name + ".crs").exists():
        return read_carter(stem, periods)
    raise ValueError(f"{path} is no .exam or .json file, nor the stem of a .crs and a .stu file.")


def write_solution(path: str | Path, instance: Instance, plan: Plan) -> None:
    """ITC-2007: "period, room" a line in the order of exams. Carter: "exam period" a line, periods from 0.
    JSON: period of each exam, and rows (part, room, seats)."""
    if instance.kind == "json":
        Path(path).write_text(json.dumps(exchange.plan_as_json(plan)), encoding="utf-8")
        return
    if instance.kind == "carter":
        lines = [f"{label} {period}" for label, period in zip(instance.labels, plan.period, strict=True)]
    else:
        room = np.full(instance.problem.exams, -1)
        room[instance.problem.part_exam[plan.part]] = plan.room
        lines = [f"{period}, {place}" for period, place in zip(plan.period, room, strict=True)]
    Path(path).write_text("\n".join(lines) + "\n", encoding="ascii")


def read_solution(path: str | Path, instance: Instance) -> Plan:
    """A plan written by `write_solution` or by others in these formats."""
    if instance.kind == "json":
        return exchange.plan_from_json(json.loads(Path(path).read_text(encoding="utf-8")))
    rows = [line.replace(",", " ").split() for line in Path(path).read_text(encoding="latin-1").splitlines()]
    rows = [row for row in rows if row]
    problem = instance.problem
    nothing = np.zeros(0, dtype=np.int64)
    if instance.kind == "carter":
        # Leading zeros come and go between programs.
        when = {int(row[0]): int(row[1]) for row in rows}
        period = np.array([when.get(int(label), -1) for label in instance.labels], dtype=np.int64)
        return Plan(period, nothing, nothing, nothing)
    if len(rows) != problem.exams:
        raise ValueError(f"{path} has {len(rows)} lines where the instance has {problem.exams} exams.")
    period, room = np.array([[int(field) for field in row[:2]] for row in rows], dtype=np.int64).T
    part = np.flatnonzero(room[problem.part_exam] >= 0)
    exam = problem.part_exam[part]
    return Plan(period, part, room[exam], problem.part_size[part])


def read_itc2007(path: Path) -> Instance:
    """Repeated and mirrored rules, rules of an exam with itself and unknown lines are left out; a
    coincidence of exams that share a student is ignored, as the competition says."""
    sections: dict[str, list[list[str]]] = {}
    rows: list[list[str]] = []
    for line in path.read_text(encoding="latin-1").splitlines():
        line = line.strip()
        if line.startswith("["):
            rows = sections.setdefault(line[1:].split("]")[0].split(":")[0].strip(), [])
        elif line:
            rows.append([field.strip() for field in line.split(",") if field.strip()])
    if not all(sections.get(name) for name in ("Exams", "Periods", "Rooms")):
        raise ValueError(f"{path} lacks its exams, periods or rooms.")

    students = [sorted({int(field) for field in row[1:]}) for row in sections["Exams"]]
    names = sorted({student for row in students for student in row})
    number = {name: i for i, name in enumerate(names)}
    size = np.array([len(row) for row in students])
    periods, rooms = sections["Periods"], sections["Rooms"]
    day, start, length = _clock(periods)

    weights = {"period_spread": 1, "room_penalty": 1, "period_penalty": 1}
    spread, large, late, front = 0, 0, 0, 0
    codes = {
        "TWOINAROW": "two_in_a_row",
        "TWOINADAY": "two_in_a_day",
        "NONMIXEDDURATIONS": "mixed_durations",
    }
    for row in sections.get("InstitutionalWeightings", []):
        if row[0] in codes:
            weights[codes[row[0]]] = int(row[1])
        elif row[0] == "PERIODSPREAD":
            spread = int(row[1])
        elif row[0] == "FRONTLOAD":
            large, late, front = (int(field) for field in row[1:4])
    weights["front_load"] = front
    largest = np.zeros(len(size), dtype=np.int64)
    # Of exams of one size the first ones count as the larger.
    largest[np.argsort(-size, kind="stable")[:large]] = 1
    late_period = np.zeros(len(periods), dtype=np.int64)
    late_period[len(periods) - min(late, len(periods)) :] = 1

    exclusive = np.zeros(len(size), dtype=bool)
    for row in sections.get("RoomHardConstraints", []):
        if len(row) > 1 and row[1] == "ROOM_EXCLUSIVE":
            exclusive[int(row[0])] = True
    fields: dict[str, Any] = {
        "duration": [int(row[0]) for row in sections["Exams"]],
        "size": size,
        "registration_student": [number[student] for row in students for student in row],
        "registration_exam": np.repeat(np.arange(len(size)), size),
        "students": len(names),
        "period_day": day,
        "period_start": start,
        "period_length": length,
        "period_penalty": [int(row[3]) for row in periods],
        "late_period": late_period,
        "front_load": largest,
        "room_seats": [int(row[0]) for row in rooms],
        "room_penalty": [int(row[1]) for row in rooms],
        "max_rooms": np.ones(len(size), dtype=np.int64),
        "exclusive": exclusive,
        "spread": spread,
        "weights": weights,
    }
    rules = _itc2007_rules(sections.get("PeriodHardConstraints", []))
    if any(rule.kind == "same_period" for rule in rules):
        conflicts = find_conflicts(make_problem(**fields))
        clashing = set(zip(conflicts.a.tolist(), conflicts.b.tolist(), strict=True))
        rules = [
            r for r in rules if r.kind != "same_period" or (min(r.a, r.b), max(r.a, r.b)) not in clashing
        ]
    problem = make_problem(**fields, pair_rules=rules)
    return Instance("itc2007", path.stem, problem, tuple(str(exam) for exam in range(problem.exams)))


def _itc2007_rules(rows: list[list[str]]) -> list[PairRule]:
    rules: dict[PairRule, None] = {}
    for row in rows:
        if len(row) < 3 or row[0] == row[2]:
            continue
        a, b = int(row[0]), int(row[2])
        if row[1] == "AFTER":
            rules[PairRule("before", b, a)] = None
        elif row[1] == "EXAM_COINCIDENCE":
            rules[PairRule("same_period", min(a, b), max(a, b))] = None
        elif row[1] == "EXCLUSION":
            rules[PairRule("different_period", min(a, b), max(a, b))] = None
    return list(rules)


def _clock(rows: list[list[str]]) -> tuple[list[int], list[int], list[int]]:
    """Day, start and length of each period. Made-up instances have periods that overlap; no rule of the
    competition reads the clock, so that those days get one period after the other."""
    day, start, length = [], [], []
    for row in rows:
        d, month, year = (int(field) for field in row[0].split(":"))
        hour, minute = (int(field) for field in row[1].split(":")[:2])
        day.append(date(year, month, d).toordinal())
        start.append(60 * hour + minute)
        length.append(int(row[2]))
    for i in range(1, len(day)):
        if day[i] == day[i - 1]:
            start[i] = max(start[i], start[i - 1] + length[i - 1])
    return day, start, length


def read_carter(stem: Path, periods: int | None = None) -> Instance:
    """Blank lines of the .stu file are no students (pur-s-93 has three); an exam counts once in a line."""
    lines = [line.split() for line in stem.with_name(stem.name + ".crs").read_text().splitlines()]
    labels = {int(row[0]): row[0] for row in lines if row}
    students = [
        sorted({int(field) for field in line.split()})
        for line in stem.with_name(stem.name + ".stu").read_text().splitlines()
        if line.strip()
    ]
    for row in students:
        for exam in row:
            labels.setdefault(exam, str(exam))
    if periods is None:
        periods = CARTER_PERIODS.get(stem.name)
    if periods is None:
        raise ValueError(f"{stem.name} is not one of Carter's instances. Say how many periods it has.")
    number = {exam: i for i, exam in enumerate(sorted(labels))}
    problem = make_problem(
        duration=np.zeros(len(number), dtype=np.int64),
        period_day=np.arange(periods),
        period_start=np.zeros(periods, dtype=np.int64),
        period_length=np.zeros(periods, dtype=np.int64),
        registration_student=np.repeat(np.arange(len(students)), [len(row) for row in students]),
        registration_exam=[number[exam] for row in students for exam in row],
        students=len(students),
        weights={"proximity": 1},
    )
    return Instance(
        "carter", stem.name, problem, tuple(labels[exam] for exam in sorted(labels)), len(students)
    )

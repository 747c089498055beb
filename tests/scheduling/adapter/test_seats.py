"""The seating solver's arrays, the tables and the findings tell the same story."""

from datetime import date

import numpy as np
import pytest

from scheduling import findings, models
from scheduling.adapter import seats, timetable
from scheduling.findings import seats as seat_findings
from scheduling.solver.seating import NOWHERE, evaluate
from scheduling.solver.seating.neighbours import shapes_of
from scheduling.solver.seating.search import result_of, solve
from scheduling.solver.stop import MaxSteps

from ..worlds import random_season
from .test_timetable import random_plan

pytestmark = pytest.mark.django_db

POLICIES = models.SeatingPolicy.Neighbours.values


def furnish(project, chance):
    """Everything that the seats know of, on top of a season of exams."""

    def add(model, **fields):
        return model.objects.create(project=project, institution=project.institution, **fields)

    add(
        models.SeatingPolicy,
        neighbours=str(chance.choice(POLICIES)),
        order=str(chance.choice(["mixed", "roll"])),
        spare_seats=int(chance.integers(0, 3)),
        spare_percent=int(chance.integers(0, 20)),
    )
    rooms = list(models.Room.objects.for_project(project).order_by("code"))
    rooms[0].rows, rooms[0].columns, rooms[0].seats_per_bench = 2, 2, 2
    rooms[0].numbering = "snake"
    rooms[0].save()
    for place in range(6):
        add(
            models.Seat,
            room=rooms[1],
            row=1 + place // 3,
            column=1 + place % 3,
            x=0.8 * (place % 3),
            y=place // 3,
            is_usable=place != 4,
            label=f"seat {place}",
        )
    rooms[2].floor = 1
    rooms[2].save()
    students = list(models.Student.objects.for_project(project).order_by("roll_no"))
    for student, kind in zip(students, ["own room", "ground floor", "front seat"] * 4, strict=False):
        add(models.AccessArrangement, student=student, kind=kind)
    add(models.AccessArrangement, student=students[12], kind="front seat", valid_until=date(2027, 1, 5))
    for row in models.Registration.objects.for_project(project).order_by("pk")[:6]:
        exam = row.course.exams.get()
        add(models.SeatPin, student=row.student, exam=exam, room=rooms[0], row=1, column=1, side=1)
    for code in ("sparse", "cohort_neighbours"):
        models.RuleSetting.objects.update_or_create(
            project=project,
            rule=code,
            defaults={"is_on": True, "limit": 40},
            create_defaults={"institution": project.institution, "is_on": True, "limit": 40},
        )


def a_plan(project, chance):
    season = timetable.season_of(project)
    return timetable.write_solution(
        season, random_plan(season.problem, chance), project=project, run=None, parent=None
    )


def random_chairs(problem, chance):
    """Any chairs at all: closed rooms, dead chairs, anybody anywhere; but no chair twice in a period."""
    chair = np.full(problem.candidates, NOWHERE)
    by_period = problem.exam_period[problem.candidate_exam]
    for period in np.unique(by_period):
        mine = np.flatnonzero(by_period == period)
        order = chance.permutation(problem.chairs)[: len(mine)]
        chair[mine[: len(order)]] = np.where(chance.random(len(order)) < 0.9, order, NOWHERE)
    return chair


@pytest.mark.parametrize("seed", range(8))
def test_findings_count_what_the_solver_counts(seed):
    project, chance = random_season(seed), np.random.default_rng(seed)
    furnish(project, chance)
    base = a_plan(project, chance)
    season = seats.season_of(base)
    before = result_of(season.problem, random_chairs(season.problem, chance), shapes_of(season.problem))
    seats.write(season, before, base)
    solution = a_plan(project, np.random.default_rng(seed))
    solution.parent = base
    season = seats.season_of(solution, stay_close_to=base)
    chair = random_chairs(season.problem, chance)
    score = evaluate(season.problem, chair)
    seats.write(season, result_of(season.problem, chair, shapes_of(season.problem)), solution)

    found = {finding.rule: finding for finding in seat_findings.check(solution)}

    for code, finding in found.items():
        if finding.level != "skipped" and code in score.counts:
            assert finding.count == score.counts[code], code
    assert {"neighbours", "chair_unusable", "arrangement", "seat_pin"} <= set(found)
    hard = sum(finding.count for finding in found.values() if finding.level == "error")
    assert hard == result_of(season.problem, chair, shapes_of(season.problem)).hard
    assert solution.unseated == score.counts["chair_missing"]


def test_the_random_seasons_break_every_rule_of_seats():
    """So that the test above leaves none out."""
    seen = set()
    for seed in range(8):
        project, chance = random_season(seed), np.random.default_rng(seed)
        furnish(project, chance)
        problem = seats.season_of(a_plan(project, chance)).problem
        score = evaluate(problem, random_chairs(problem, chance))
        seen |= {code for code, count in score.counts.items() if count}
    counted = set(seat_findings.HARD_RULES) | set(seat_findings.SOFT_RULES)
    # On one chair the database seats nobody twice; the other three need two solutions or a later change.
    assert counted - seen == {"chair_twice", "stranger", "layout", "moved_seat"}


@pytest.mark.parametrize("seed", range(3))
def test_chairs_come_back_from_the_tables_as_they_went_in(seed):
    project, chance = random_season(seed), np.random.default_rng(seed)
    furnish(project, chance)
    solution = a_plan(project, chance)
    season = seats.season_of(solution)
    chair = random_chairs(season.problem, chance)
    seats.write(season, result_of(season.problem, chair, shapes_of(season.problem)), solution)
    assert (season.chairs_in(solution) == chair).all()


@pytest.mark.parametrize("seed", range(3))
def test_rooms_hold_as_many_as_sit_there(seed):
    project, chance = random_season(seed), np.random.default_rng(seed)
    solution = a_plan(project, chance)
    season = seats.season_of(solution)
    result = solve(season.problem, stop=MaxSteps(20))
    seats.write(season, result, solution)
    told = {}
    for share in models.RoomShare.objects.filter(placement__solution=solution):
        key = share.placement_id, share.room_id
        told[key] = told.get(key, 0) + share.candidates
    sat = {}
    for row in models.Seating.objects.filter(solution=solution):
        key = row.placement_id, row.room_id
        sat[key] = sat.get(key, 0) + 1
        assert row.period_id == row.placement.period_id
    assert told == sat != {}


def test_writing_again_replaces_the_seats():
    project, chance = random_season(1), np.random.default_rng(1)
    solution = a_plan(project, chance)
    season = seats.season_of(solution)
    for seed in (1, 2):
        seats.write(season, solve(season.problem, stop=MaxSteps(15), seed=seed), solution)
    assert (
        models.Seating.objects.filter(solution=solution).count()
        == season.problem.candidates - solution.unseated
    )


def test_the_chairs_of_a_copy_are_its_own(django_assert_max_num_queries):
    from scheduling import versions

    project, chance = random_season(2), np.random.default_rng(2)
    solution = a_plan(project, chance)
    season = seats.season_of(solution)
    result = solve(season.problem, stop=MaxSteps(15))
    seats.write(season, result, solution)
    copy = versions.new_version(of=solution, keep=())
    with django_assert_max_num_queries(12):
        seats.write(season, result, copy)
    assert set(
        models.Seating.objects.filter(solution=copy).values_list("placement__solution", flat=True)
    ) == {copy.pk}
    assert models.Seating.objects.filter(solution=solution).exists()


def test_reading_a_season_takes_no_query_for_each_row(django_assert_max_num_queries):
    project, chance = random_season(2), np.random.default_rng(2)
    furnish(project, chance)
    solution = a_plan(project, chance)
    with django_assert_max_num_queries(40):
        seats.season_of(solution)


def test_a_student_with_two_exams_at_once_has_a_chair_for_each():
    from ..rule_cases import World

    world = World()
    student = world.student()
    one, two = world.exam("E1", sits=[student]), world.exam("E2", sits=[student])
    world.add(models.AllowedClash, student=student, exam_a=one, exam_b=two, reason="agreed")
    solution = models.Solution.objects.create_next(project=world.project)
    for exam in (one, two):
        world.add(models.Placement, solution=solution, sitting=exam.sittings.get(), period=world.periods[0])
    season = seats.season_of(solution)
    seats.write(season, solve(season.problem, stop=MaxSteps(2)), solution)
    rows = models.Seating.objects.filter(solution=solution)
    assert len({(row.row, row.column) for row in rows}) == rows.count() == 2
    assert findings.count_hard(seat_findings.check(solution)) == 0


def test_what_cannot_be_is_said_before_the_search():
    from ..rule_cases import World

    world = World()
    exam = world.exam("BIG", sits=20)
    solution = models.Solution.objects.create_next(project=world.project)
    world.add(models.Placement, solution=solution, sitting=exam.sittings.get(), period=world.periods[0])
    season = seats.season_of(solution)
    assert len(season.why_not) == 1
    assert "BIG has 20 candidates, and at most 15 fit" in season.why_not[0]
    assert "laxer rule" in season.why_not[0]
    world.add(models.SeatingPolicy, neighbours="none")
    assert seats.season_of(solution).why_not == []


def test_a_seat_of_who_is_no_candidate_any_more_is_told():
    from ..rule_cases import World

    world = World()
    exam = world.exam("E1", sits=2)
    solution = models.Solution.objects.create_next(project=world.project)
    world.add(models.Placement, solution=solution, sitting=exam.sittings.get(), period=world.periods[0])
    season = seats.season_of(solution)
    seats.write(season, solve(season.problem, stop=MaxSteps(2)), solution)
    models.Registration.objects.filter(project=world.project).first().delete()
    found = {finding.rule: finding.count for finding in seat_findings.check(solution)}
    assert found["stranger"] == 1


def test_a_layout_that_changed_after_the_plan_is_told():
    from ..rule_cases import World

    world = World()
    exam = world.exam("E1", sits=2)
    solution = models.Solution.objects.create_next(project=world.project)
    world.add(models.Placement, solution=solution, sitting=exam.sittings.get(), period=world.periods[0])
    season = seats.season_of(solution)
    seats.write(season, solve(season.problem, stop=MaxSteps(2)), solution)
    world.room.numbering = "rows"
    world.room.rows, world.room.columns = 6, 5
    world.room.save()
    found = {finding.rule: finding.count for finding in seat_findings.check(solution)}
    assert found["layout"] > 0

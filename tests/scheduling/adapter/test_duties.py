"""Rows to a problem of duties and back: the solver and the findings count the same, whatever the season."""

import random
from datetime import time, timedelta

import pytest

from scheduling import models, rules, solving
from scheduling.adapter import duties
from scheduling.findings import duties as findings
from scheduling.solver.duties import score

from ..staffed import Season
from ..worlds import random_season

pytestmark = pytest.mark.django_db

UNCOUNTED = {"missing_posts"}  # of the tables only: the solver has every post


def add_duty_data(project, seed: int) -> None:
    """Something of everything that duties know, at random."""
    chance = random.Random(seed)

    def add(model, **fields):
        return model.objects.create(project=project, institution=project.institution, **fields)

    ranks = [
        add(models.Designation, name=f"D{n}", rank=n, min_duties=n // 2, max_duties=2 * n + 2, weight=n)
        for n in (1, 2, 3)
    ]
    for n in range(5, 22):
        add(models.Teacher, staff_no=f"T{n:02}", name=f"T{n}")
    teachers = list(models.Teacher.objects.for_project(project))
    for row in teachers:
        row.designation = chance.choice([*ranks, None])
        row.gender = chance.choice("FM")
        row.max_duties = chance.choice((None, None, 3))
        row.share = chance.choice((1, 0.5))
        row.carried_minutes = chance.choice((0, 60, -60))
        row.may_invigilate = chance.random() < 0.95
        row.save()
    periods = list(models.Period.objects.for_project(project))
    students = list(models.Student.objects.for_project(project))
    add(
        models.DutyPolicy,
        least_per_room=chance.choice((1, 2)),
        rooms_per_reserve=3,
        rooms_per_superintendent=2,
        gap_minutes=chance.choice((0, 45)),
        same_day=chance.choice(models.DutyPolicy.SameDay.values),
    )
    add(models.StaffingStep, first=1, base=1, per=4, tolerance=1)
    for student in chance.sample(students, 12):
        kind = chance.choice(("extra time", "reader", "scribe"))
        add(models.AccessArrangement, student=student, kind=kind, extra_percent=25)
    for teacher, student in zip(chance.sample(teachers, 6), chance.sample(students, 6), strict=True):
        add(models.Relative, teacher=teacher, student=student)
        add(models.Exemption, teacher=teacher, first_on=periods[0].date, last_on=periods[3].date)
    for teacher in chance.sample(teachers, 6):
        period = chance.choice(periods)
        starts = chance.choice((None, time(9)))
        add(
            models.Unavailability,
            teacher=teacher,
            date=period.date + timedelta(days=1),
            starts=starts,
            ends=starts and time(12),
            decision=chance.choice(models.Unavailability.Decision.values),
        )
    for kind in models.TeacherPair.Kind.values:
        for _ in range(3):
            one, other = chance.sample(teachers, 2)
            add(models.TeacherPair, teacher_a=one, teacher_b=other, kind=kind)
    for teacher in chance.sample(teachers, 4):
        room = chance.choice([None, *models.Room.objects.for_project(project)])
        add(models.DutyPin, teacher=teacher, period=chance.choice(periods), room=room)
    settings = rules.settings_of(project)
    limits = {"duties_a_day": 1, "duties_on_end": 1, "duty_days": 2, "duty_span": 5, "fair_minutes": 15}
    rules.save_settings(
        project=project,
        settings={
            rule.code: settings[rule.code]._replace(
                is_on=True,
                is_hard=rule.may_be_hard and chance.random() < 0.4,
                limit=limits.get(rule.code, rule.limit),
                weight=chance.randint(1, 9),
            )
            for rule in rules.RULES
            if rule.part == "duties"
        },
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_findings_count_what_the_solver_counts(seed):
    project = random_season(seed)
    add_duty_data(project, seed)
    first = solving.solve_now(project=project, steps=500)
    plan = solving.solve_now(project=project, part="duties", steps=300, start_from=first)
    again = solving.solve_now(project=project, part="duties", steps=300, seed=2, start_from=plan)

    for solution in (plan, again):
        season = duties.season_of(solution, stay_close_to=plan if solution == again else None)
        rows = {duties.key_of(row): row.teacher for row in solution.duties.select_related("teacher")}
        number = {row.pk: n for n, row in enumerate(season.teachers)}
        who = [number[row.pk] if (row := rows[post.key]) else -1 for post in season.posts]
        counted = score.evaluate(season.problem, who)
        found = findings.check(solution)
        recounted = {row.rule: row.count for row in found if row.level != "skipped"}
        assert {code: count for code, count in recounted.items() if code not in UNCOUNTED} == counted.counts
        assert sum(row.count for row in found if row.level == "error") == counted.hard
        assert recounted["missing_posts"] == 0


def test_posts_without_a_room_plan_are_refused_in_words():
    season = Season()
    season.teacher()
    with pytest.raises(ValueError, match="make a datesheet with rooms"):
        duties.season_of(season.solution)


def test_nobody_who_may_invigilate_is_refused_in_words():
    season = Season()
    season.exam(0, season.room("A"))
    season.teacher(may_invigilate=False)
    with pytest.raises(ValueError, match="Nobody may invigilate"):
        duties.season_of(season.solution)


def test_a_pin_for_any_room_is_kept_in_one_of_them():
    season = Season()
    season.exam(0, season.room("A"), season.room("B"), candidates=40)
    season.exam(3, season.room("C"))
    teachers = [season.teacher() for _ in range(4)]
    season.add(models.DutyPin, teacher=teachers[2], period=season.periods[0])
    roster = season.staff()
    assert [duty.period_id for duty in roster.of(teachers[2])].count(season.periods[0].pk) == 1


def test_only_an_approved_absence_counts_and_a_window_meets_the_extended_end():
    """The exam ends at 11:00, with extra time at 11:30; a teacher is away from 11:15."""
    season = Season()
    student = season.student()
    season.add(models.AccessArrangement, student=student, kind="extra time", extra_minutes=30)
    season.exam(0, season.room("A"), students=(student,))
    away, asked, free = season.teacher("away"), season.teacher("asked"), season.teacher("free")
    for teacher, decision in ((away, "approved"), (asked, "requested")):
        season.add(
            models.Unavailability,
            teacher=teacher,
            date=season.periods[0].date,
            starts=time(11, 15),
            ends=time(12),
            decision=decision,
        )
    problem = duties.season_of(season.solution).problem
    assert problem.forbidden[:, 0].tolist() == [False, True, False]  # asked, away, free
    assert free


def test_writing_again_replaces_the_rows():
    season = Season()
    season.exam(0, season.room("A"))
    season.teacher()
    season.staff()
    season.staff()
    assert models.Duty.objects.filter(solution=season.solution).count() == 1
    assert season.solution.measures["duties"]["gap"] == 0

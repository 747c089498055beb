"""Every list, form and page of a project, walked by machine: a new one is held to the same."""

import re
from datetime import date, time, timedelta

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from projects.models import Project, ProjectRole, Stage, StoredFile
from projects.site import Page
from scheduling import models
from scheduling.models import FixedPlacement, Placement, Registration, RuleSetting, Run, Sitting, Solution
from scheduling.rules import RULES
from tests.factories.scheduling import (
    CourseFactory,
    DepartmentFactory,
    ExamFactory,
    PeriodFactory,
    ProgrammeFactory,
    RegistrationFactory,
    RoomFactory,
    SolutionFactory,
    StudentFactory,
    TeacherFactory,
)

LISTS = sorted(
    model._meta.model_name for model in admin.site._registry if model._meta.app_label == "scheduling"
)
EVERYBODY = Page._field_defaults["may_open"]
DAY = date(2027, 1, 4)
INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", re.I)


def one_of_each(project, n=0):
    """A row of every table, marked with the project's slug so that a leak shows."""
    mark = f"{project.slug}-{n}"
    day = DAY + timedelta(days=n)
    programme = ProgrammeFactory(project=project, name=f"P {mark}")
    department = DepartmentFactory(project=project, name=f"D {mark}")
    student = StudentFactory(project=project, roll_no=f"R {mark}", programme=programme)
    designation = models.Designation.objects.create(project=project, name=f"Rank {mark}")
    teacher = TeacherFactory(
        project=project, staff_no=f"T {mark}", department=department, designation=designation
    )
    room = RoomFactory(project=project, code=f"Room {mark}")
    course = CourseFactory(project=project, code=f"C {mark}", department=department)
    exam = ExamFactory(project=project, code=f"X {mark}", of_course=course)
    other = ExamFactory(project=project, code=f"Y {mark}")
    period = PeriodFactory(project=project, date=day, label=f"L {mark}"[:20])
    pool = models.RoomPool.objects.create(project=project, name=f"Pool {mark}")
    solution = SolutionFactory(project=project, name=f"Solution {mark}")
    run = Run.objects.create(project=project, state=Run.State.DONE, message=f"Run {mark}")
    hours = {"starts": time(10), "ends": time(11)}
    made = [
        programme,
        department,
        student,
        designation,
        teacher,
        room,
        course,
        exam,
        period,
        pool,
        solution,
        run,
        models.Seat.objects.create(project=project, room=room, row=1, column=1, label=mark[:20]),
        RegistrationFactory(project=project, student=student, course=course),
        models.Hold.objects.create(project=project, student=student, kind="fees", reason=mark),
        models.AccessArrangement.objects.create(project=project, student=student, kind="reader", note=mark),
        models.Teaches.objects.create(project=project, teacher=teacher, course=course),
        models.Unavailability.objects.create(project=project, teacher=teacher, date=day, reason=mark),
        models.CandidateGroup.objects.create(project=project, name=f"G {mark}", pool=pool),
        models.RoomClosure.objects.create(project=project, room=room, date=day, reason=mark),
        models.Lesson.objects.create(project=project, weekday=0, room=room, label=mark, **hours),
        models.Holiday.objects.create(project=project, date=day, name=mark),
        models.WeeklyBreak.objects.create(
            project=project, weekday=n % 7, name=mark, starts=time(n // 7), ends=time(n // 7, 30)
        ),
        FixedPlacement.objects.create(project=project, exam=exam, period=period, note=mark),
        models.ExamRule.objects.create(project=project, exam=exam, kind="never", room=room),
        models.ExamLink.objects.create(project=project, kind="same day", exam_a=exam, exam_b=other),
        models.AllowedClash.objects.create(
            project=project, student=student, exam_a=exam, exam_b=other, reason=mark
        ),
        models.Publication.objects.create(
            project=project, solution=solution, version=n + 1, kind="draft", withdrawn_at="2027-01-01T00:00Z"
        ),
        models.PrintSetting.objects.create(project=project, print_code=f"code {mark}", title=mark),
        *rows_of_seats(project, mark, n, student, exam, room, period, solution),
        *rows_of_duties(project, mark, n, student, teacher, room, period, solution),
        models.Slip.objects.create(project=project, student=student, code=f"code-{mark}"),
    ]
    return {row._meta.model_name: row for row in made}


def rows_of_seats(project, mark, n, student, exam, room, period, solution):
    chair = {"room": room, "row": 1, "column": 1}
    file = StoredFile.objects.create(project=project, kind="input", name=f"{mark}.jpg", size=1)
    placement = Placement.objects.create(
        project=project, solution=solution, sitting=exam.sittings.get(), period=period
    )
    seated = {"placement": placement, "solution": solution, "student": student, "period": period}
    policy, _made = models.SeatingPolicy.objects.get_or_create(project=project)
    return [
        policy,
        models.SeatPin.objects.create(project=project, student=student, exam=exam, **chair),
        models.StudentPhoto.objects.create(project=project, student=student, file=file),
        models.Seating.objects.create(project=project, **seated, **chair, label=f"A1 {mark}"[:20]),
    ]


def rows_of_duties(project, mark, n, student, teacher, room, period, solution):
    other = TeacherFactory(project=project, staff_no=f"U {mark}")
    day = DAY + timedelta(days=n)
    of_duty = {"period": period, "room": room, "teacher": teacher, "role": "invigilator"}
    policy, _made = models.DutyPolicy.objects.get_or_create(project=project)
    return [
        policy,
        models.StaffingStep.objects.create(project=project, first=1 + n),
        models.DutyPin.objects.create(project=project, **of_duty),
        models.Exemption.objects.create(
            project=project, teacher=teacher, first_on=day, last_on=day, reason=mark
        ),
        models.TeacherPair.objects.create(project=project, teacher_a=teacher, teacher_b=other),
        models.Relative.objects.create(project=project, teacher=teacher, student=student),
        models.Duty.objects.create(
            project=project, solution=solution, **of_duty, starts=time(9), ends=time(11)
        ),
    ]


@pytest.fixture
def rows(season):
    return one_of_each(season)


@pytest.fixture
def foreign(other_season):
    return one_of_each(other_season)


def test_every_list_has_a_row_in_these_tests(rows):
    assert sorted(rows) == LISTS


def test_lists_and_forms_show_this_project_only(alice_pages, rows, foreign, other_season):
    for name in LISTS:
        mine = rows[name]
        response = alice_pages.get(f"scheduling/{name}/")
        assert response.status_code == 200, name
        own = set(type(mine).objects.for_project(mine.project))
        assert set(response.context["cl"].result_list) == own, name
        for page in ("", "add/", f"{mine.pk}/change/"):
            html = alice_pages.get(f"scheduling/{name}/{page}").content.decode()
            assert f"{other_season.slug}-0" not in html, name


def test_a_row_of_another_project_is_neither_shown_nor_removed(alice_pages, foreign):
    for name in LISTS:
        row = foreign[name]
        assert alice_pages.get(f"scheduling/{name}/{row.pk}/change/").status_code in {302, 403, 404}, name
        alice_pages.post(f"scheduling/{name}/{row.pk}/delete/", {"post": "yes"})
        assert type(row).objects.filter(pk=row.pk).exists(), name


def test_a_list_asks_as_many_questions_for_many_rows_as_for_few(alice_pages, season, rows):
    def questions():
        asked = {}
        for name in LISTS:
            with CaptureQueriesContext(connection) as queries:
                alice_pages.get(f"scheduling/{name}/")
            asked[name] = len(queries)
        return asked

    questions()
    few = questions()
    for n in range(1, 5):
        one_of_each(season, n)
    # One more for a date hierarchy that begins to show.
    assert {name: n for name, n in questions().items() if n > few[name] + 1} == {}


def test_a_viewer_looks_and_changes_nothing(pages_of, rows):
    pages = pages_of(ProjectRole.VIEWER)
    for name in LISTS:
        is_confided = type(rows[name]).is_confidential
        assert pages.get(f"scheduling/{name}/").status_code == (403 if is_confided else 200), name
        assert pages.get(f"scheduling/{name}/add/").status_code == 403, name
        answer = pages.post(f"scheduling/{name}/{rows[name].pk}/delete/", {"post": "yes"})
        assert answer.status_code == 403, name


def test_a_choice_as_you_type_offers_this_project_only(alice_pages, rows, foreign):
    wanted = {"app_label": "scheduling", "term": ""}
    for model, field in (("registration", "student"), ("registration", "course"), ("examlink", "exam_b")):
        found = alice_pages.get("autocomplete/", **wanted, model_name=model, field_name=field).json()
        keys = {int(row["id"]) for row in found["results"]}
        related = getattr(models, {"student": "Student", "course": "Course"}.get(field, "Exam"))
        assert keys == set(related.objects.for_project(rows["room"].project).values_list("pk", flat=True))


def test_a_row_of_another_project_cannot_be_chosen(alice_pages, rows, foreign):
    told = {"student": rows["student"].pk, "course": foreign["course"].pk, "kind": "regular", "section": ""}
    response = alice_pages.post("scheduling/registration/add/", told)
    assert response.status_code == 200
    assert "course" in response.context["adminform"].form.errors


def test_a_key_that_is_taken_is_told_in_the_form(alice_pages, rows):
    told = {"date": rows["holiday"].date.isoformat(), "name": "again"}
    response = alice_pages.post("scheduling/holiday/add/", told)
    assert "That day is a holiday already." in response.content.decode()


def test_periods_that_overlap_are_refused(alice_pages, rows):
    period = rows["period"]
    told = {"date": period.date.isoformat(), "starts": "00:30", "ends": "23:00", "penalty": "0", "label": ""}
    response = alice_pages.post("scheduling/period/add/", told)
    assert "It overlaps" in response.content.decode()


def test_an_exam_that_is_saved_has_its_sittings(alice_pages, season):
    course = RegistrationFactory(project=season).course
    RegistrationFactory.create_batch(3, project=season, course=course)
    empty = {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0"}
    prefixes = ("fixed", "rules", "links_from")
    told = {"code": "LAB", "title": "Laboratory", "duration": "60", "batch_size": "2", "needs_room": "on"}
    told |= {f"{prefix}-{key}": value for prefix in prefixes for key, value in empty.items()}
    told |= {"exam_courses-TOTAL_FORMS": "1", "exam_courses-INITIAL_FORMS": "0"}
    told |= {"exam_courses-0-course": str(course.pk)}
    alice_pages.post("scheduling/exam/add/", told)
    assert Sitting.objects.filter(exam__code="LAB").count() == 2


def test_a_long_list_is_not_removed_at_a_stroke(alice_pages, rows, monkeypatch):
    monkeypatch.setattr("projects.admin.ProjectScopedAdmin.most_removed_at_once", 0)
    told = {"action": "delete_selected", "select_across": "1", "_selected_action": [rows["student"].pk]}
    response = alice_pages.post("scheduling/student/", told)
    assert response.status_code == 302
    assert models.Student.objects.filter(pk=rows["student"].pk).exists()


@pytest.mark.parametrize(("name", "instead"), [("room", "used for exams"), ("period", "most exams to 0")])
def test_what_a_solution_uses_is_not_removed_and_its_page_says_what_to_do(alice_pages, rows, name, instead):
    placement = place(rows)
    placement.shares.create(project=placement.project, room=rows["room"], candidates=1)
    address = f"scheduling/{name}/{rows[name].pk}/delete/"
    page = alice_pages.get(address).content.decode()
    assert f"solutions/{rows['solution'].pk}/" in page
    assert instead in page
    chosen = {"action": "delete_selected", "_selected_action": [rows[name].pk]}
    assert instead in alice_pages.post(f"scheduling/{name}/", chosen).content.decode()
    alice_pages.post(address, {"post": "yes"})
    assert type(rows[name]).objects.filter(pk=rows[name].pk).exists()


@pytest.mark.parametrize("name", ["run", "solution"])
def test_a_row_with_a_page_of_its_own_is_shown_there(alice_pages, rows, name):
    address = f"scheduling/{name}/{rows[name].pk}/change/"
    assert alice_pages.get(address).url == reverse(f"admin:{name}", args=[rows[name].pk]).replace(
        "/staff/", alice_pages.root
    )
    assert alice_pages.get(f"scheduling/{name}/none/change/").status_code == 404


def test_nobody_is_counted_without_a_seat_where_no_seats_were_made(alice_pages, rows):
    def told(field):
        page = alice_pages.get("scheduling/solution/").content.decode()
        return set(re.findall(rf'class="field-{field}[^"]*">([^<]*)<', page))

    assert (told("without_seat"), told("open_posts")) == ({"–"}, {"–"})
    Solution.objects.update(measures={"seats": {}})
    assert (told("without_seat"), told("open_posts")) == ({"0"}, {"–"})


def test_a_live_solution_is_not_deleted(alice_pages, rows):
    Solution.objects.filter(pk=rows["solution"].pk).update(is_live=True)
    alice_pages.post(f"scheduling/solution/{rows['solution'].pk}/delete/", {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": [rows["solution"].pk]}
    assert "make another one live first" in alice_pages.post("scheduling/solution/", chosen).content.decode()
    alice_pages.post("scheduling/solution/", chosen | {"post": "yes"})
    assert Solution.objects.filter(pk=rows["solution"].pk).exists()


def test_a_solution_is_deleted_from_the_list(alice_pages, season):
    solution = SolutionFactory(project=season)
    chosen = {"action": "delete_selected", "_selected_action": [solution.pk], "post": "yes"}
    alice_pages.post("scheduling/solution/", chosen)
    assert not Solution.objects.exists()


# --- pages ----------------------------------------------------------------------------------------------


def page_addresses(rows):
    """Every page of the site that is no list of rows, with this project's numbers in its address."""
    numbers = {"run": "run", "solution": "solution"}
    others = ("exam", "period", "room", "seating", "duty", "teacher")
    for page in admin.site.pages:
        if page.may_open is not EVERYBODY:
            continue
        if "<" not in page.route:
            yield page.name, page.route
            continue
        kind = next((model for part, model in numbers.items() if page.route.startswith(part)), None)
        if kind:
            route = page.route.replace("<int:number>", str(rows[kind].pk))
            for name in others:
                route = route.replace(f"<int:{name}>", str(rows[name].pk))
            yield page.name, route


def test_every_page_that_can_be_opened_opens_without_inline_style_or_script(alice_pages, season, rows):
    place(rows)
    opened = []
    for name, route in page_addresses(rows):
        response = alice_pages.get(route, **({"with": rows["solution"].pk} if name == "compare" else {}))
        if response.status_code == 405:
            continue  # it acts only
        assert response.status_code in {200, 302}, name
        assert not INLINE.search(response.content.decode()), name
        opened.append(name)
    assert {"solve", "rules", "make_periods", "run", "solution", "datesheet"} <= set(opened)


def test_every_list_and_form_is_without_inline_style_or_script(alice_pages, rows):
    for name in LISTS:
        for page in (
            "",
            "add/",
            f"{rows[name].pk}/change/",
            f"{rows[name].pk}/delete/",
            "import/",
            "export/",
        ):
            response = alice_pages.get(f"scheduling/{name}/{page}")
            found = INLINE.search(response.content.decode())
            assert not found, f"{name} {page}: {found and found.group()}"


def test_no_page_answers_for_another_projects_rows(alice_pages, foreign):
    place(foreign)
    for name, route in page_addresses(foreign):
        if any(character.isdigit() for character in route):
            for response in (alice_pages.get(route), alice_pages.post(route)):
                assert response.status_code in {404, 405}, name


def test_pages_of_a_project_are_not_at_the_institutions_address(alice_pages, season, rows):
    membership = alice_pages.user.memberships.create(institution=season.institution, role="administrator")
    for page in admin.site.pages:
        if "<" not in page.route and page.may_open is EVERYBODY:
            response = alice_pages.client.get(f"/at/{season.institution.slug}/staff/{page.route}")
            assert response.status_code == 403, page.name
    assert membership.pk


def place(rows):
    """The exam of `rows` has its period in the solution."""
    return Placement.objects.get(solution=rows["solution"], sitting__exam=rows["exam"])


def test_the_front_page_names_the_next_step_and_counts(alice_pages, rows):
    page = alice_pages.get().content.decode()
    assert "Next step" in page
    assert reverse("admin:scheduling_student_changelist").removeprefix("/staff/") in page


def test_every_stage_leads_to_its_page(alice_pages):
    steps = {str(step.label): step.address for step in alice_pages.get().context["steps"]}
    assert list(steps) == [str(stage.label) for stage in Stage]
    assert all(steps.values())


def test_a_stage_leads_nobody_to_a_page_that_is_not_theirs(pages_of):
    steps = {str(step.label): step.address for step in pages_of(ProjectRole.VIEWER).get().context["steps"]}
    assert not steps["Data"]
    assert steps["Rules"]


def test_a_run_is_asked_for_and_its_page_follows(alice_pages, season, rows, no_queue):
    response = alice_pages.post("solve/", {"seconds": 5, "seed": 7, "workers": 1})
    run = Run.objects.for_project(season).get(state="queued")
    assert response["Location"].endswith(f"/runs/{run.pk}/")
    assert (run.seconds, run.seed, run.asked_by) == (5, 7, alice_pages.user)


@pytest.fixture
def no_queue(monkeypatch):
    monkeypatch.setattr("scheduling.solving.async_task", lambda *args, **kwargs: None)


def test_what_keeps_a_run_from_starting_is_told_beside_the_form(alice_pages, season):
    page = alice_pages.post("solve/", {"seconds": 5, "seed": 7, "workers": 1}).content.decode()
    assert "There is no exam" in page or "Upload" in page
    assert not Run.objects.exists()


def test_a_viewer_starts_no_run_and_makes_nothing_live(pages_of, season, rows):
    pages = pages_of(ProjectRole.VIEWER)
    pages.post("solve/", {"seconds": 5, "seed": 7, "workers": 1})
    pages.post(f"solutions/{rows['solution'].pk}/make-live/")
    pages.post("rules/", {"preset": "school-board"})
    pages.post("make-exams/")
    assert not Run.objects.for_project(season).exclude(pk=rows["run"].pk).exists()
    assert not Solution.objects.live().exists()
    assert not RuleSetting.objects.exists()


def test_progress_updates_itself_until_the_run_is_over(alice_pages, season):
    progress = {"seconds": 3, "limit": 10, "best": 40, "hard": 0, "curves": {"datesheet": [[1, 90], [2, 60]]}}
    run = Run.objects.create(project=season, state=Run.State.RUNNING, progress=progress)
    response = alice_pages.get(f"runs/{run.pk}/progress/")
    assert 'hx-trigger="every 2s"' in response.content.decode()
    assert "<polyline" in response.content.decode()
    Run.objects.update(state=Run.State.DONE)
    response = alice_pages.get(f"runs/{run.pk}/progress/")
    assert response["HX-Refresh"] == "true"
    assert "hx-trigger" not in response.content.decode()


def test_a_run_counts_the_faults_of_rules_in_use(alice_pages, season):
    by_rule = {"two_in_a_row": 3, "days_used": 4, "proximity": 5, "wish_same_day": 6, "unplaced": 0}
    run = Run.objects.create(project=season, state=Run.State.DONE, progress={"by_rule": by_rule})
    told = alice_pages.get(f"runs/{run.pk}/").context["by_rule"]
    assert [count for _words, count in told] == [6, 3]


def test_a_run_is_cancelled_from_its_page(alice_pages, season):
    run = Run.objects.create(project=season, state=Run.State.RUNNING)
    alice_pages.post(f"runs/{run.pk}/cancel/")
    run.refresh_from_db()
    assert run.cancel_requested_at is not None


@pytest.mark.parametrize("page", ["solutions/{}/", "solutions/{}/datesheet/"])
def test_why_exams_are_left_out_is_told_apart_from_the_faults(alice_pages, rows, page):
    solution = rows["solution"]
    solution.findings = [
        {"level": "error", "rule": "unplaced", "count": 1, "message": "MTH-101"},
        {"level": "error", "rule": "unplaced", "count": 0, "message": "MTH-101 has no room."},
    ]
    solution.save()
    shown = alice_pages.get(page.format(solution.pk)).content.decode()
    assert "MTH-101 has no room." in shown
    assert shown.count("Every exam has a period") == 1


def test_a_solution_says_what_no_plan_costs_less_than(alice_pages, rows):
    """By rule and in all; a bound above the cost is of rules that were changed since, and is not shown."""
    plan = rows["solution"]
    plan.cost = 5000
    plan.by_rule = {"two_in_a_day": {"count": 80, "cost": 4000}, "front_load": {"count": 10, "cost": 1000}}
    bounds = {"two_in_a_day": 3210.4, "front_load": 1777.0, "all": 3456.0}
    plan.measures = {"datesheet": {"by_rule": plan.by_rule, "bounds": bounds}}
    plan.findings = [
        {"level": "warning", "rule": code, "count": row["count"], "message": ""}
        for code, row in plan.by_rule.items()
    ]
    plan.save()
    shown = alice_pages.get(f"solutions/{plan.pk}/").content.decode()
    assert "No plan costs less than" in shown
    assert "3,456" in shown
    assert "3,210" in shown
    assert "1,777" not in shown


def test_a_solution_is_made_live_and_the_stage_follows(alice_pages, season, rows):
    alice_pages.post(f"solutions/{rows['solution'].pk}/make-live/")
    assert Solution.objects.live().get() == rows["solution"]
    assert Project.objects.get(pk=season.pk).stage == Stage.DATESHEET


def test_the_rules_are_kept_as_they_are_set(alice_pages, season):
    told = {"clash-is_on": "on", "clash-is_hard": "", "clash-weight": "500"}
    told |= {"day_limit-is_on": "on", "day_limit-limit": "1", "day_limit-weight": "70"}
    alice_pages.post("rules/", told)
    clash = RuleSetting.objects.get(rule="clash")
    assert (clash.is_on, clash.is_hard, clash.weight) == (True, False, 500)
    assert RuleSetting.objects.get(rule="day_limit").limit == 1
    assert not RuleSetting.objects.get(rule="front_load").is_on
    assert Project.objects.get(pk=season.pk).stage == Stage.RULES


def test_a_rule_without_its_number_is_asked_for_it(alice_pages):
    page = alice_pages.post("rules/", {"day_limit-is_on": "on", "day_limit-limit": ""}).content.decode()
    assert "needs another look" in page
    assert not RuleSetting.objects.exists()


def test_a_percentage_is_at_most_a_hundred(alice_pages):
    told = {"repeaters-is_on": "on", "repeaters-limit": "150"}
    page = alice_pages.post("rules/", told).content.decode()
    assert "less than or equal to 100" in page
    assert not RuleSetting.objects.exists()


def test_every_rule_that_can_be_set_is_on_the_page(alice_pages):
    pages = {"datesheet": "rules/", "seats": "seats/", "duties": "duties/"}
    shown = {part: alice_pages.get(address).content.decode() for part, address in pages.items()}
    assert [rule.code for rule in RULES if f'name="{rule.code}-is_on"' not in shown[rule.part]] == []


def test_the_calendar_shows_its_periods_before_it_makes_them(alice_pages, season):
    told = {"first_on": "2027-01-04", "last_on": "2027-01-05", "weekdays": ["0", "1"]}
    told |= {"hours-TOTAL_FORMS": "1", "hours-INITIAL_FORMS": "0"}
    told |= {"hours-0-label": "A", "hours-0-starts": "09:00", "hours-0-minutes": "180"}
    page = alice_pages.post("calendar/", told | {"preview": ""}).content.decode()
    assert "Make 2 periods" in page
    assert not models.Period.objects.exists()
    alice_pages.post("calendar/", told | {"make": ""})
    assert models.Period.objects.for_project(season).count() == 2


def test_the_datesheet_shows_each_exam_in_its_period_and_can_be_narrowed(alice_pages, season, rows):
    place(rows)
    address = f"solutions/{rows['solution'].pk}/datesheet/"
    entries = [
        entry
        for day in alice_pages.get(address).context["days"]
        for cell in day.cells
        if cell
        for entry in cell.entries
    ]
    assert [entry.exam for entry in entries] == [rows["exam"]]
    assert alice_pages.get(address, department=rows["department"].pk).context["shown"] == 1
    assert alice_pages.get(address, programme=rows["programme"].pk).context["shown"] == 1
    assert alice_pages.get(address, room=rows["room"].pk).context["shown"] == 0
    assert alice_pages.get(address, q="nothing like it").context["shown"] == 0


def test_an_exam_is_pinned_where_it_is(alice_pages, rows):
    FixedPlacement.objects.all().delete()
    place(rows)
    address = f"solutions/{rows['solution'].pk}/exams/{rows['exam'].pk}/pin/"
    alice_pages.post(address)
    assert FixedPlacement.objects.get().period == rows["period"]
    alice_pages.post(address, {"unpin": ""})
    assert not FixedPlacement.objects.exists()


def test_the_list_of_registrations_reads_one_page_from_its_index(alice_pages, rows):
    response = alice_pages.get("scheduling/registration/")
    ordering = response.context["cl"].queryset.query.order_by
    assert ordering[:3] == ("project_id", "student_id", "course_id")
    if connection.vendor == "sqlite":
        plan = Registration.objects.for_project(rows["room"].project).order_by(*ordering)[:50].explain()
        assert "TEMP B-TREE" not in plan


def test_a_sheet_is_uploaded_looked_at_and_taken_over(
    alice_pages, season, django_capture_on_commit_callbacks
):
    sheet = SimpleUploadedFile("students.csv", b"Roll No,Name,Wish\nR1,Ayesha,none\n")
    with django_capture_on_commit_callbacks(execute=True):
        seen = alice_pages.post("uploads/", {"files": [sheet]})["Location"]
    page = alice_pages.client.get(seen).content.decode()
    assert "Take over" in page
    assert "1 column not read" in page
    assert not INLINE.search(page)
    with django_capture_on_commit_callbacks(execute=True):
        alice_pages.client.post(f"{seen}take-over/")
    assert models.Student.objects.for_project(season).get().name == "Ayesha"


def test_a_column_can_be_given_another_meaning(alice_pages, season, django_capture_on_commit_callbacks):
    sheet = SimpleUploadedFile("students.csv", b"Roll No,Name,Wish\nR1,Ayesha,F\n")
    with django_capture_on_commit_callbacks(execute=True):
        seen = alice_pages.post("uploads/", {"files": [sheet]})["Location"]
    with django_capture_on_commit_callbacks(execute=True):
        alice_pages.client.post(f"{seen}read-again/", {"0-dataset": "Students", "0-column-2": "gender"})
    with django_capture_on_commit_callbacks(execute=True):
        alice_pages.client.post(f"{seen}take-over/")
    assert models.Student.objects.for_project(season).get().gender == "F"


def test_a_viewer_sees_no_uploads(pages_of):
    assert pages_of(ProjectRole.VIEWER).get("uploads/").status_code == 403


def test_what_is_published_again_is_offered_as_it_is_shown(alice_pages, season):
    solution = SolutionFactory(project=season, is_live=True)
    assert alice_pages.get("publish/").context["form"]["kind"].value() == models.Publication.Kind.DRAFT
    models.Publication.objects.create(
        project=season, solution=solution, version=1, kind=models.Publication.Kind.FINAL, shows_rooms=False
    )
    form = alice_pages.get("publish/").context["form"]
    assert (form["kind"].value(), form["shows_rooms"].value()) == (models.Publication.Kind.FINAL, False)

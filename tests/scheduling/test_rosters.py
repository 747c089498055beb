import pytest

from scheduling.models import Duty, Solution
from scheduling.rosters import Roster
from tests.factories.scheduling import TeacherFactory
from tests.journeys.seasons import staffed_season

pytestmark = pytest.mark.django_db


@pytest.fixture
def solution():
    """Two periods of two invigilators and a reserve, 120 minutes each; five teachers; one post is open."""
    return Solution.objects.select_related("project").get(project=staffed_season())


def test_minutes_are_counted_against_the_target(solution):
    people = {line.teacher.staff_no: line for line in Roster(solution).people}
    assert {number: (line.duties, line.minutes, line.target) for number, line in people.items()} == {
        "T0": (2, 240, 144),
        "T1": (1, 120, 144),
        "T2": (2, 240, 144),
        "T3": (0, 0, 144),
        "T4": (0, 0, 144),
    }
    assert (people["T3"].deviation, people["T3"].off, people["T2"].reserves) == (-144, 144, 2)


def test_who_does_not_invigilate_is_listed_only_with_a_duty(solution):
    idle = TeacherFactory(project=solution.project, may_invigilate=False)
    assert idle not in [line.teacher for line in Roster(solution).people]
    Duty.objects.filter(teacher=None).update(teacher=idle)
    assert idle in [line.teacher for line in Roster(solution).people]


def test_sessions_stand_in_order_of_time_and_name_the_open_posts(solution):
    roster = Roster(solution)
    assert [len(session.posts) for session in roster.sessions] == [3, 3]
    assert roster.sessions[0].period.date < roster.sessions[1].period.date
    assert [str(post.role) for post in roster.sessions[0].posts] == ["invigilator", "invigilator", "reserve"]
    assert [post.period for post in roster.open] == [roster.sessions[1].period]


def test_a_roster_asks_as_much_for_many_as_for_few(solution, django_assert_num_queries):
    with django_assert_num_queries(8):
        roster = Roster(solution)
        assert (len(roster.people), len(roster.sessions), len(roster.pinned)) == (5, 2, 0)

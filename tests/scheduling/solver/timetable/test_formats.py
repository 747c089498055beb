"""Benchmark files as they are, with the faults that the published ones have."""

import pytest
from django.core.management import call_command

from scheduling.solver.stop import MaxSteps
from scheduling.solver.timetable import evaluate, exchange, formats, solve
from tests.scheduling.solver.timetable.worlds import plan

EXAM = """[Exams:4]
60, 1, 2, 3
90, 3,4
60, 5,5
60, 6
[Periods:3]
01:02:2007, 09:00:00, 90, 0
01:02:2007, 10:00:00, 90, 3
02:02:2007, 09:00:00, 60, 0
[Rooms:2]
4, 0
2,7
[PeriodHardConstraints]
1, AFTER, 0
1, AFTER, 0
0, EXAM_COINCIDENCE, 1
3, EXAM_COINCIDENCE, 2
2, EXAM_COINCIDENCE, 3
2, EXAM_COINCIDENCE, 2
0, EXCLUSION, 3
0, SURPRISE, 3
[RoomHardConstraints]
3, ROOM_EXCLUSIVE
[InstitutionalWeightings]
TWOINAROW, 7
TWOINADAY, 5
PERIODSPREAD, 1
NONMIXEDDURATIONS, 10
FRONTLOAD, 2, 1, 6
"""


@pytest.fixture
def itc2007(tmp_path):
    path = tmp_path / "small.exam"
    path.write_text(EXAM.replace("\n", "\r\n"), encoding="latin-1", newline="")
    return formats.read_instance(path)


@pytest.fixture
def carter(tmp_path):
    (tmp_path / "small.crs").write_text("0001 2\n0002 1\n0004 1\n")
    (tmp_path / "small.stu").write_text("0001 0002 \n\n0001 0004 0004\n0007\n")
    return formats.read_instance(tmp_path / "small.stu", periods=4)


def test_repeated_lines_and_lines_of_an_exam_with_itself_are_left_out(itc2007):
    rules = {(rule.kind, rule.a, rule.b) for rule in itc2007.problem.pair_rules}
    # 0 and 1 share a student, so that their coincidence is ignored.
    assert rules == {("before", 0, 1), ("same_period", 2, 3), ("different_period", 0, 3)}


def test_sizes_count_a_student_once(itc2007):
    assert itc2007.problem.size.tolist() == [3, 2, 1, 1]


def test_of_exams_of_one_size_the_first_ones_are_the_larger(itc2007):
    assert itc2007.problem.front_load.tolist() == [1, 1, 0, 0]
    assert itc2007.problem.late_period.tolist() == [0, 0, 1]


def test_the_cost_is_the_sum_of_the_seven_rules(itc2007):
    found = evaluate(itc2007.problem, plan([0, 1, 2, 2], [(0, 0, 3), (1, 1, 2), (2, 0, 1), (3, 1, 1)]))
    assert found.hard == 0
    assert found.costs == {
        "two_in_a_row": 7,
        "period_spread": 1,
        "period_penalty": 3,
        "room_penalty": 14,
    }


def test_a_solution_is_read_as_it_was_written(itc2007, carter, tmp_path):
    for instance in (itc2007, carter):
        result = solve(instance.problem, stop=MaxSteps(500))
        assert result.hard == 0
        formats.write_solution(tmp_path / "solution", instance, result.plan)
        again = formats.read_solution(tmp_path / "solution", instance)
        assert evaluate(instance.problem, again).cost == result.cost


def test_itc2007_writes_period_and_room_in_the_order_of_exams(itc2007, tmp_path):
    formats.write_solution(
        tmp_path / "out", itc2007, plan([0, 1, 2, 2], [(0, 0, 3), (1, 1, 2), (2, 0, 1), (3, 1, 1)])
    )
    assert (tmp_path / "out").read_text() == "0, 0\n1, 1\n2, 0\n2, 1\n"


def test_carter_counts_every_student_but_no_blank_line(carter):
    assert carter.divisor == 3
    # An exam that only the students' file knows is one too.
    assert carter.labels == ("0001", "0002", "0004", "7")
    assert carter.problem.size.tolist() == [2, 1, 1, 1]


def test_carter_costs_16_8_4_2_1_by_distance(carter):
    assert evaluate(carter.problem, plan([0, 1, 3, 0])).cost == 16 + 4


def test_the_number_of_periods_of_another_instance_must_be_said(tmp_path):
    (tmp_path / "new.crs").write_text("1 1\n")
    (tmp_path / "new.stu").write_text("1\n")
    with pytest.raises(ValueError, match="Say how many periods"):
        formats.read_instance(tmp_path / "new")


def test_another_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="json file"):
        formats.read_instance(tmp_path / "nothing.txt")


def test_a_folder_is_solved_with_several_seeds(tmp_path, capsys):
    (tmp_path / "two.crs").write_text("0001 2\n0002 2\n")
    (tmp_path / "two.stu").write_text("0001 0002\n0001\n")
    problem = formats.read_instance(tmp_path / "two.crs", 3).problem
    exchange.write_problem(tmp_path / "same.json", problem)
    table, page = tmp_path / "runs.csv", tmp_path / "page.md"
    call_command("benchmark_suite", tmp_path, seconds=0.1, seeds=[1, 2], csv=table, page=page)
    said = capsys.readouterr()
    # Two periods apart cost 8, and of how many periods the Carter pair is nobody says.
    assert "| same | 8 | 8 | 8 | 0 | 0 | 8 |" in said.out
    assert "Say how many periods" in said.err
    assert [row.split(",")[:4] for row in table.read_text().splitlines()[1:]] == [
        ["same", "1", "0", "8.0"],
        ["same", "2", "0", "8.0"],
    ]
    assert "| same | 8 |" in page.read_text()

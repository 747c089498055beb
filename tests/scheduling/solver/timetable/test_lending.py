"""What a seat costs that a room does not have."""

from scheduling.solver.timetable.lending import DUE, SeatPrice


def test_an_exam_without_seats_costs_about_the_temperature_at_first():
    assert SeatPrice(hot=800.0, cold=4.0, size=80.0).at(800.0, 0.0, owes=True) == 10


def test_a_seat_costs_some_temperatures_in_the_end_though_none_is_owed():
    assert SeatPrice(hot=800.0, cold=4.0, size=80.0).at(4.0, 1.0, owes=False) == 20


def test_the_price_grows_while_seats_are_owed_after_they_are_due():
    price = SeatPrice(hot=800.0, cold=4.0, size=80.0)
    before = price.at(100.0, DUE, owes=True)
    owed = price.at(100.0, DUE + 0.2, owes=True)
    assert owed > 2 * before
    assert before < price.at(100.0, DUE + 0.3, owes=False) < owed


def test_the_price_stays_below_the_first_temperature_however_long_seats_are_owed():
    price = SeatPrice(hot=800.0, cold=4.0, size=80.0)
    assert max(price.at(4.0, done / 100, owes=True) for done in range(101)) == 800


def test_a_seat_costs_at_least_one():
    assert SeatPrice(hot=0.5, cold=0.05, size=80.0).at(0.5, 0.0, owes=False) == 1

from datetime import date, time

HEAD = [["DATE SHEET II"], ["Fall"], ["Day", "Date", "Code", "09:00 - 10:00", "Code", "10:30 - 11:30"]]


def test_pairs_of_code_and_title_under_hours_become_rows(save, read):
    rows = [
        *HEAD,
        ["Mon", "04-Jan-2027", "CS1", "Logic &amp; Proof", "MA1", "Algebra"],
        ["", "", "CS2", "Sets", "", ""],
        [],
        ["Tue", "05-Jan-2027", "", "", "PH1", "Optics – I"],
    ]
    found = read(save({"Complete": rows}))
    assert found.errors == []
    assert found.column("course_code") == ["CS1", "MA1", "CS2", "PH1"]
    assert found.column("title") == ["Logic & Proof", "Algebra", "Sets", "Optics – I"]
    assert found.column("date") == [date(2027, 1, 4)] * 3 + [date(2027, 1, 5)]
    assert found.column("start") == [time(9), time(10, 30), time(9), time(10, 30)]
    assert found.column("end")[0] == time(10)


def test_lists_of_codes_under_morning_and_evening_become_rows(save, read):
    rows = [
        ["Date", "Morning", "Evening"],
        ["2027-01-04", "CS1; CS2\nCS3", "NO EXAM"],
        ["2027-01-05", "", 101],
    ]
    found = read(save({"Timetable": rows}))
    assert found.column("course_code") == ["CS1", "CS2", "CS3", "101"]
    assert found.column("period") == ["Morning"] * 3 + ["Evening"]


def test_a_fault_is_told_under_the_header_of_its_own_column(save, read):
    rows = [
        *HEAD,
        ["Mon", "31-Feb-2027", "CS1", "Logic", "", ""],
        ["Tue", "05-Jan-2027", "", "", "", "Algebra"],
    ]
    found = read(save({"Complete": rows}))
    assert found.errors == [("Complete", 4, "Date"), ("Complete", 5, "Code")]


def test_the_date_ends_with_its_block(save, read):
    found = read(save({"Complete": [*HEAD, ["Mon", "04-Jan-2027", "A", "a"], [], ["", "", "B", "b"]]}))
    assert found.errors == [("Complete", 6, "Date")]

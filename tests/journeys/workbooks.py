"""A registrar's workbook: titles above the tables, headers as the office writes them.

One header, Stream, is nobody else's word for a programme: a person has to say so once.
"""

from openpyxl import Workbook, load_workbook

PROGRAMMES = ("BS Physics", "BS Mathematics", "BA English")
# Of each programme: code, title, hours.
COURSES = (
    ("PHY-101", "Mechanics", 3),
    ("PHY-102", "Optics", 2),
    ("MTH-101", "Calculus I", 3),
    ("MTH-102", "Linear Algebra", 2),
    ("ENG-101", "Poetry", 3),
    ("ENG-102", "The Novel", 2),
    ("ISL-100", "Islamic Studies", 2),
)


def write_workbook(path, *, students=24):
    """Students of three programmes, each with two courses of its own and one that all take; four halls."""
    book = Workbook()
    people = book.active
    people.title = "Enrolled"
    people.append(["Crescent University"])
    people.append(["Office of the Registrar · Spring 2027"])
    people.append([])
    people.append(["REGN. NO", " student  name", "Stream", "Sem"])
    papers = book.create_sheet("Papers")
    papers.append(["Papers of the term"])
    papers.append(["Subject Name", "SUBJECT CODE", "Duration (hrs)"])
    taken = book.create_sheet("Who takes what")
    taken.append(["paper code", "Regn No."])
    halls = book.create_sheet("Halls")
    halls.append(["Halls free for examinations"])
    halls.append(["Hall No", "Building", "Seating  capacity", "usable"])
    for code, title, hours in COURSES:
        papers.append([title, code, hours])
    for n in range(students):
        roll_no, programme = f"27-{n + 1:03}", n % 3
        people.append([roll_no, f"Student {n + 1}", PROGRAMMES[programme], "2"])
        for code in (COURSES[2 * programme][0], COURSES[2 * programme + 1][0], "ISL-100"):
            taken.append([code, roll_no])
    for room in (["A-1", "Main", 12, "y"], ["A-2", "Main", 12, "y"], ["B-1", "New", 16, "y"]):
        halls.append(room)
    halls.append(["Annexe", "Old", 20, "no"])
    book.save(path)
    return path


def write_cell(path, sheet, cell, value):
    book = load_workbook(path)
    book[sheet][cell] = value
    book.save(path)

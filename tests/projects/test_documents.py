"""The engine of every print: what typed data can do to a page, and to a spreadsheet."""

import csv
import io
import json
import re
import subprocess
import time as clock
from datetime import date, datetime, time

import openpyxl
import pytest
from PIL import Image

from projects.documents import page, pictures, typesetting, typst_process, words, writers
from projects.documents.page import Band, Column, Front, Letterhead, Section, Signature, Table
from projects.documents.typesetting import Pile

TEMPLATE = """
#import "@house/prints:1.0.0": *
#show: print-page
#letterhead()
#title-block()
#for section in data.sections { list-table(data.columns, section.bands) }
#notes-block()
#signature-block()
"""
NASTY = "#let *x* = $y$ <tag> \\n @ref `code` // /* [x] {y} -- ~ \"q\" 'p'"


@pytest.fixture
def template(tmp_path):
    path = tmp_path / "templates" / "print.typ"
    path.parent.mkdir()
    path.write_text(TEMPLATE, encoding="utf-8")
    return path


def front(**more) -> Front:
    return Front(**{"letterhead": Letterhead("A School"), "title": "A print"} | more)


COLUMNS = (Column("Code", "code"), Column("Title", width=1))


def data_of(a_front: Front, rows, columns=COLUMNS, heading=""):
    section = Section("", [Band(heading, rows)])
    return page.front_for_typst(a_front, {}) | {
        "columns": page.columns_for_typst(columns),
        "sections": [page.section_for_typst(section, a_front.language)],
    }


def text_of(pdf: bytes) -> str:
    """The words of a pdf as a reader program finds them."""
    out = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return out.stdout.decode()


def test_what_people_typed_is_printed_and_never_read_as_markup(template):
    pdf = typesetting.typeset(template, data_of(front(title=NASTY), [("C#1", NASTY)]))
    assert text_of(pdf).count("$y$ <tag>") == 2


def test_a_template_cannot_read_outside_its_folder(template):
    template.write_text('#read("/../secret.txt")', encoding="utf-8")
    (template.parent.parent / "secret.txt").write_text("secret")
    with pytest.raises(typesetting.CannotTypeset, match="root"):
        typesetting.typeset(template, {})


def test_only_our_own_fonts_are_seen():
    assert set(typst_process.fonts().families()) == {"Noto Sans", "Noto Nastaliq Urdu", "Noto Naskh Arabic"}


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_long_table_repeats_its_headings_and_its_day_on_every_page(template, language):
    rows = [(f"C-{n}", f"Title {n}") for n in range(120)]
    pdf = typesetting.typeset(template, data_of(front(language=language), rows, heading="MONDAY"))
    pages = text_of(pdf).rstrip("\f").split("\f")
    assert len(pages) > 2
    assert all("Code" in one and "MONDAY" in one for one in pages)
    assert all(f"C-{n}" in text_of(pdf) for n in (0, 60, 119))


def test_pages_are_counted_in_the_words_of_the_language(template):
    english = text_of(typesetting.typeset(template, data_of(front(), [])))
    urdu = text_of(typesetting.typeset(template, data_of(front(language="ur"), [])))
    assert "Page 1 of 1" in english
    assert "Page" not in urdu
    assert re.search(r"[\u0600-\u06ff\ufb50-\ufeff]", urdu)


def test_a_number_within_urdu_keeps_its_order(template):
    rows = [("C-1", "پڑھنے والا (2022-000466)"), ("C-2", "حاضری (64 % of lectures)")]
    shown = text_of(typesetting.typeset(template, data_of(front(language="ur"), rows)))
    assert "2022-000466" in shown
    assert "64 % of lectures" in shown


def test_a_draft_says_so_and_a_final_print_does_not(template):
    draft = typesetting.typeset(template, data_of(front(is_draft=True), []))
    final = typesetting.typeset(template, data_of(front(), []))
    assert "DRAFT" in text_of(draft)
    assert "DRAFT" not in text_of(final)


def test_letterhead_marks_notes_and_signature_stand_on_the_print(template):
    full = front(
        letterhead=Letterhead("A School", "High Street 1", picture_of_a_logo()),
        lines=("Fall term",),
        version="7",
        notification="N/12",
        generated_at=datetime(2026, 12, 1, 9, 30),
        footer="a/b",
        notes=("Come early.", "  "),
        signatures=(Signature("Dr A. Khan", "Controller"),),
    )
    printed = text_of(typesetting.typeset(template, data_of(full, [])))
    for words_on_it in (
        "A School", "High Street 1", "Fall term", "7", "N/12", "2026-12-01 09:30",
        "a/b", "1. Come early.", "Dr A. Khan", "Controller",
    ):  # fmt: skip
        assert words_on_it in printed
    assert "2." not in printed


def picture_of_a_logo(side: int = 40) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), "navy").save(out, "PNG")
    return out.getvalue()


def test_a_big_logo_is_made_small_and_an_unreadable_one_left_out():
    small = page.logo_for_typst(picture_of_a_logo(3000))
    with Image.open(io.BytesIO(bytes(small))) as picture:
        assert picture.size == (page.LOGO_PIXELS, page.LOGO_PIXELS)
    assert page.logo_for_typst(b"not a picture") is None
    assert page.logo_for_typst(b"") is None


def test_text_loses_control_characters_and_marks_that_turn_the_line():
    assert page.plain("a\x00b\x07\n c\u202edef\u2066g\t") == "a b cdefg"


def test_a_word_without_spaces_gets_places_to_break_but_never_before_a_combining_mark():
    broken = page.breakable("e\u0301" * 30)
    assert "\u200b" in broken
    assert "\u200b\u0301" not in broken
    assert broken.replace("\u200b", "") == "e\u0301" * 30
    assert page.breakable("computer science") == "computer science"


def test_a_word_in_arabic_script_is_not_cut():
    word = "ب" * 40
    assert page.breakable(word) == word


def test_a_mass_print_comes_in_files_and_tells_how_far_it_is(template, tmp_path):
    sections = (page.section_for_typst(Section("", [Band("", [(f"C-{n}", "x")])]), "en") for n in range(5))
    last = page.section_for_typst(Section("", [Band("", [("C-9", "x")])]), "en")
    told: list[int] = []
    files = list(
        typesetting.typeset_in_files(
            template, data_of(front(), []), [Pile("slips", sections), Pile("one", [last])],
            folder=tmp_path, per_file=2, progress=told.append,
        )
    )  # fmt: skip
    names = ["slips-001.pdf", "slips-002.pdf", "slips-003.pdf", "one.pdf"]
    assert [file.name for file in files] == names
    assert told == [2, 4, 5, 6]
    assert "C-4" in text_of(files[2].read_bytes())


def test_what_is_set_in_the_background_is_there_at_the_end_of_the_block(template, tmp_path):
    sections = [page.section_for_typst(Section("", [Band("", [(f"C-{n}", "x")])]), "en") for n in range(3)]
    with typesetting.Background() as background:
        files = list(
            typesetting.typeset_in_files(
                template, data_of(front(), []), [Pile("s", sections)],
                folder=tmp_path, per_file=1, background=background,
            )
        )  # fmt: skip
    assert [text_of(file.read_bytes()).count("C-") for file in files] == [1, 1, 1]


def test_what_cannot_be_set_in_the_background_is_said_at_the_end_of_the_block(template, tmp_path):
    template.write_text("#panic()", encoding="utf-8")
    with pytest.raises(typesetting.CannotTypeset), typesetting.Background() as background:
        background.submit(typesetting.typeset_file, template, {}, tmp_path / "a.pdf")


def test_nothing_more_is_set_in_the_background_once_its_owner_has_failed(tmp_path):
    done = []

    def fail_with_much_under_way():
        with typesetting.Background() as background:
            for number in range(typesetting.PROCESSES + 5):
                background.submit(lambda number: (clock.sleep(0.2), done.append(number)), number)
            raise KeyError

    with pytest.raises(KeyError):
        fail_with_much_under_way()
    assert len(done) <= typesetting.PROCESSES + 1


def test_a_photo_lies_beside_the_template_and_nothing_else_does(template, tmp_path):
    template.write_text(
        '#import "@house/prints:1.0.0": *\n#show: print-page\n'
        "#for s in data.sections { image(s.photos.first(), width: 1cm) }",
        encoding="utf-8",
    )
    blank = pictures.photo_for_print(tmp_path / "gone.jpg")
    [file] = typesetting.typeset_in_files(
        template, data_of(front(), []), [Pile("s", [{"photos": ["7.jpg"]}])],
        folder=tmp_path, pictures={"7.jpg": blank}.__getitem__,
    )  # fmt: skip
    assert b"/Image" in file.read_bytes()
    with pytest.raises(typesetting.CannotTypeset, match="would escape"):
        list(
            typesetting.typeset_in_files(
                template, data_of(front(), []), [Pile("s", [{"photos": ["../7.jpg"]}])],
                folder=tmp_path, pictures=lambda name: blank,
            )
        )  # fmt: skip


def test_a_big_photo_is_made_small(tmp_path):
    big = tmp_path / "photo.png"
    Image.new("RGB", (1200, 1600), "red").save(big)
    with Image.open(io.BytesIO(pictures.photo_for_print(big))) as small:
        assert small.format == "JPEG"
        assert small.width <= pictures.PHOTO_SIZE[0]


def test_in_a_mass_print_each_has_pages_of_their_own(template, tmp_path):
    template.write_text(
        '#import "@house/prints:1.0.0": *\n#show: print-page\n'
        "#for (n, s) in data.sections.enumerate() { section-pages(n, list-table(data.columns, s.bands)) }",
        encoding="utf-8",
    )
    short, long = [("C-1", "x")], [("C-2", "x")] * 60
    sections = [page.section_for_typst(Section("", [Band("", rows)]), "en") for rows in (short, long)]
    options = {"folder": tmp_path, "per_file": 2}
    [mixed] = typesetting.typeset_in_files(template, data_of(front(), []), [Pile("s", sections)], **options)
    printed = text_of(mixed.read_bytes())
    assert re.findall(r"Page \d of \d", printed) == [
        "Page 1 of 1",
        "Page 1 of 2",
        "Page 2 of 2",
    ]
    alike = [Pile("s", sections[:1] * 2)]
    [plain] = typesetting.typeset_in_files(template, data_of(front(), []), alike, **options)
    assert re.findall(r"Page \d of \d", text_of(plain.read_bytes())) == ["Page 1 of 1"] * 2


def test_a_preview_is_a_picture_a_page(template):
    pages = typesetting.picture(template, data_of(front(), [("C", "x")] * 120))
    assert len(pages) > 2
    assert all(one.startswith(b"\x89PNG") for one in pages)


def test_every_language_has_the_same_words():
    assert {frozenset(of.keys()) for of in words.WORDS.values()} == {frozenset(words.WORDS["en"])}
    for names in (words.WEEKDAYS, words.MONTHS):
        assert {len(names[language]) for language in words.LANGUAGES} in ({7}, {12})


def test_a_date_reads_as_people_say_it():
    assert words.long_date(date(2027, 1, 4), "en") == "Monday 4 January 2027"
    assert words.short_date(date(2027, 1, 4), "en") == "Mon 4 Jan 2027"
    assert words.short_date(date(2027, 1, 4), "ur") == "پیر 4 جنوری 2027"


DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "'=1", "|cmd", "＝1"]


@pytest.mark.parametrize("typed", DANGEROUS)
def test_what_looks_like_a_formula_leaves_as_text_in_xlsx(typed, tmp_path):
    table = Table(typed, (Column(typed), Column("n", "number")), [(typed, -3)])
    sheet = openpyxl.load_workbook(writers.write_xlsx([table], tmp_path / "a.xlsx")).worksheets[0]
    head, cell, number = sheet["A1"], sheet["A2"], sheet["B2"]
    assert (head.data_type, cell.data_type, number.data_type) == ("s", "s", "n")
    assert cell.value == page.plain(typed)
    assert cell.quotePrefix


@pytest.mark.parametrize("typed", DANGEROUS)
def test_what_looks_like_a_formula_is_guarded_in_csv(typed, tmp_path):
    path = writers.write_csv(
        Table("t", (Column("a"), Column("b", "number")), [(typed, -3)]), tmp_path / "a.csv"
    )
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    assert rows[1] == [f"'{page.plain(typed)}", "-3"]


def test_a_sheet_can_be_uploaded_again_as_it_is(tmp_path):
    columns = (
        Column("Course Code", "code"),
        Column("Date", "date"),
        Column("Start", "time"),
        Column("Rooms"),
    )
    table = Table("Fixed", columns, [("007", date(2027, 1, 4), time(9), ["B-1", "B-2"])])
    sheet = openpyxl.load_workbook(writers.write_xlsx([table], tmp_path / "a.xlsx"))["Fixed"]
    assert [cell.value for cell in sheet[1]] == ["Course Code", "Date", "Start", "Rooms"]
    assert [cell.value for cell in sheet[2]] == ["007", datetime(2027, 1, 4), "09:00", "B-1, B-2"]
    assert sheet.freeze_panes == "A2"
    assert sheet.print_title_rows == "$1:$1"


def test_sheets_get_names_that_excel_takes(tmp_path):
    titles = ["Rooms: A/B", "rooms  A B", "x" * 40, "x" * 40, "'", ""]
    tables = [Table(title, (Column("a"),), []) for title in titles]
    names = openpyxl.load_workbook(writers.write_xlsx(tables, tmp_path / "a.xlsx")).sheetnames
    assert len({name.casefold() for name in names}) == 6
    assert all(0 < len(name) <= 31 and not set(name) & set("[]:*?/\\'") for name in names)


def test_an_urdu_sheet_runs_from_right_to_left(tmp_path):
    path = writers.write_xlsx([Table("ڈیٹ شیٹ", (Column("پرچہ"),), [])], tmp_path / "a.xlsx", language="ur")
    assert openpyxl.load_workbook(path).worksheets[0].sheet_view.rightToLeft


def test_data_travels_as_json(template):
    json.dumps(data_of(front(letterhead=Letterhead("x", logo=picture_of_a_logo())), [("a", None)]))

import struct
import zipfile

import pytest

from projects.spreadsheets.opening import open_workbook
from projects.spreadsheets.survey import CannotOpen

ROWS = [["Number", "Name"], ["1", "Mia"]]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def rows_of(path):
    return list(open_workbook(path).sheets[0].rows())


def add_member(path, member, content=b"x"):
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.xlsx", b"", "empty"),
        ("a.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(50), "PNG picture"),
        ("a.csv", b"%PDF-1.7", "a PDF"),
        ("a.xls", b"\n<html><table></table></html>", "web page"),
        ("a.xlsx", b"PK\x03\x04 and no more", "damaged"),
        ("a.xlsx", OLE + "EncryptedPackage".encode("utf-16-le"), "password"),
        ("a.xls", OLE + "_VBA_PROJECT".encode("utf-16-le"), "macros"),
        ("a.xls", OLE + "WordDocument".encode("utf-16-le"), "no workbook"),
        ("a.xls", OLE, "damaged"),
        ("a.csv", bytes(range(9)) * 9, "no workbook"),
        ("~$plan.xlsx", b"\x04Mia", "Upload plan.xlsx"),
    ],
)
def test_what_is_no_workbook_is_refused_with_its_own_sentence(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CannotOpen, match=reason):
        open_workbook(tmp_path / name)


@pytest.mark.parametrize(
    ("member", "reason"), [("xl/vbaProject.bin", "macros"), ("xl/workbook.bin", r"\.xlsb")]
)
def test_a_workbook_of_another_kind_is_refused(save, member, reason):
    path = add_member(save({"A": ROWS}), member)
    with pytest.raises(CannotOpen, match=reason):
        open_workbook(path)


def test_an_archive_without_a_workbook_is_refused(tmp_path):
    path = add_member(tmp_path / "a.xlsx", "word/document.xml")
    with pytest.raises(CannotOpen, match="Word document"):
        open_workbook(path)


def test_a_workbook_is_known_by_its_contents_whatever_its_name_ends_in(save):
    path = save({"A": ROWS})
    for name in ("a.xls", "a.ods", "a.csv", "a"):
        path = path.rename(path.with_name(name))
        assert rows_of(path) == ROWS


def test_values_from_other_workbooks_are_read_as_saved_and_said(save):
    workbook = open_workbook(add_member(save({"A": ROWS}), "xl/externalLinks/externalLink1.xml"))
    assert list(workbook.sheets[0].rows()) == ROWS
    assert "other workbooks" in workbook.notices[0]


def test_a_bomb_is_refused_whatever_size_its_directory_claims(save, tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(save({"A": ROWS})) as good, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bomb:
        for name in good.namelist():
            bomb.writestr(name, good.read(name) if "sheet1" not in name else b" " * 60_000_000)
    content = bytearray(path.read_bytes())
    for signature, size_at, name_at in ((b"PK\x01\x02", 24, 46), (b"PK\x03\x04", 22, 30)):
        start = 0
        while (start := content.find(signature, start)) >= 0:
            if content[start + name_at :].startswith(b"xl/worksheets/sheet1.xml"):
                struct.pack_into("<I", content, start + size_at, 1000)
            start += 4
    path.write_bytes(content)
    with pytest.raises(CannotOpen, match="Unpacked"):
        open_workbook(path)


def test_entities_are_refused(save, tmp_path):
    path = tmp_path / "entities.xlsx"
    with zipfile.ZipFile(save({"A": ROWS})) as good, zipfile.ZipFile(path, "w") as bad:
        for name in good.namelist():
            content = good.read(name)
            if name == "xl/workbook.xml":
                content = b'<!DOCTYPE x [<!ENTITY a "b">]>' + content
            bad.writestr(name, content)
    with pytest.raises(CannotOpen, match="entity"):
        open_workbook(path)


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8-sig", ","), ("utf-8", ";"), ("utf-16", "\t"), ("utf-16-le", ";"), ("cp1252", ";")],
)
def test_a_text_file_is_read_in_its_encoding_and_with_its_delimiter(tmp_path, encoding, delimiter):
    path = tmp_path / "people.csv"
    text = "Number,Name,Town\n1,José – Müller,Łódź\n\n2,Zoë,\n".replace(",", delimiter)
    path.write_bytes(text.replace("Łódź", "Köln").encode(encoding))
    assert rows_of(path) == [["Number", "Name", "Town"], ["1", "José – Müller", "Köln"], [], ["2", "Zoë", ""]]
    assert open_workbook(path).sheets[0].name == "people"


def test_reading_as_windows_western_is_said(tmp_path):
    path = tmp_path / "people.csv"
    path.write_bytes("Name\nJosé\n".encode("cp1252"))
    assert "cp1252" in open_workbook(path).notices[0]


def test_a_quotation_mark_that_never_closes_is_told_by_its_line(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text('Number,Name\n1,"Mia\n' + "x" * 5_000_000)
    with pytest.raises(CannotOpen, match="Line"):
        rows_of(path)


def test_columns_and_rows_before_the_first_value_are_counted(save):
    path = save({"A": []}, change=lambda book: book["A"].cell(3, 2, "here"))
    assert rows_of(path) == [["", ""], ["", ""], ["", "here"]]


@pytest.mark.parametrize("text", ["sep=", "sep=\nNumber,Name", "sep=x\nNumber,Name"])
def test_a_text_that_names_no_delimiter_after_all_is_read_like_any_other(tmp_path, text):
    path = tmp_path / "a.csv"
    path.write_text(text)
    assert rows_of(path)[1:] == ([["Number", "Name"]] if "\n" in text else [])

import zipfile

import pytest

from projects.spreadsheets.opening import open_workbook
from projects.spreadsheets.survey import (
    CannotOpen,
    Package,
    column_index,
    column_letters,
    survey_ods,
    survey_xlsx,
)

TABLE = (
    '<?xml version="1.0"?><office:document-content '
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
    "<office:body><office:spreadsheet>"
    '<table:table table:name="A">{}</table:table>'
    "</office:spreadsheet></office:body></office:document-content>"
)
CELL = '<table:table-cell office:value-type="string"{}><text:p>x</text:p></table:table-cell>'


def survey(path):
    return survey_xlsx(Package(path))["A"]


def save_ods(path, body, manifest=""):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", TABLE.format(body))
    return path


@pytest.mark.parametrize(("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (16383, "XFD")])
def test_columns_are_called_as_spreadsheets_call_them(index, letters):
    assert (column_letters(index), column_index(letters)) == (letters, index)


def test_the_extent_is_that_of_the_values_not_of_the_formatting(save):
    def change(book):
        book["A"]["B2"] = "last"
        book["A"].cell(900, 40).number_format = "0.00"

    found = survey(save({"A": [["first"]]}, change))
    assert (found.last_row, found.last_column, found.filled) == (2, 1, 2)


def test_a_formula_without_a_stored_value_is_found_at_its_cell(save):
    assert survey(save({"A": [["a", "b"], [1, "=1+1"]]})).unstored == {(2, 1): "=1+1"}


def test_a_formula_that_is_shared_is_written_out_at_each_of_its_cells(save, tmp_path):
    path = tmp_path / "shared.xlsx"
    with zipfile.ZipFile(save({"A": [[1, "=A1*2"], [2, "=A2*2"]]})) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if "sheet1" in name:
                content = content.replace(b"<f>A1*2</f>", b'<f t="shared" ref="B1:B2" si="0">A1*2</f>')
                content = content.replace(b"<f>A2*2</f>", b'<f t="shared" si="0"/>')
            new.writestr(name, content)
    assert survey(path).unstored == {(1, 1): "=A1*2", (2, 1): "=A2*2"}


def test_a_stored_value_of_a_formula_is_none_to_worry_about(save, tmp_path):
    path = tmp_path / "stored.xlsx"
    with zipfile.ZipFile(save({"A": [["=1+1", '=""']]})) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if "sheet1" in name:
                content = content.replace(b"<v></v>", b"<v>2</v>", 1).replace(b"<v />", b"<v>2</v>", 1)
                content = content.replace(b'r="B1"', b'r="B1" t="str"')
            new.writestr(name, content)
    assert survey(path).unstored == {}


def test_hidden_rows_and_failed_formulas_and_zero_padding_are_found(save):
    def change(book):
        sheet = book["A"]
        sheet.row_dimensions[2].hidden = True
        sheet["A3"].number_format = "00000"
        sheet["B3"].data_type = "e"

    found = survey(save({"A": [["a", "b"], [1, 2], [7, "#N/A"]]}, change))
    assert (found.hidden_rows, found.padded, found.broken) == ({2}, {(3, 0): "00000"}, {(3, 1): "#N/A"})


def test_one_value_in_the_last_cell_is_refused_by_its_name(save):
    path = save({"A": [["a"]]}, lambda book: book["A"].cell(1_048_576, 16_384, "far"))
    with pytest.raises(CannotOpen, match="XFD1048576"):
        open_workbook(path)


@pytest.mark.parametrize("size", [7, 64, 1000])
@pytest.mark.parametrize("last", ["far", "=1+1"])
def test_how_a_file_is_cut_into_pieces_changes_nothing(save, monkeypatch, size, last):
    def change(book):
        for row in range(2, 60):
            book["A"].cell(row, 2).number_format = "0.00"
        book["A"]["AB60"] = last

    path = save({"A": [["a", "b"]]}, change)
    whole = survey(path)
    monkeypatch.setattr("projects.spreadsheets.survey.MEGABYTE", size)
    assert survey(path) == whole
    assert (whole.last_row, whole.last_column, len(whole.unstored)) == (60, 27, last.startswith("="))


@pytest.mark.parametrize("cells", ['<c r="A{0}" s="1"/><c r="B{0}" s="1"/>', ""])
def test_rows_of_formatting_alone_do_not_reach_the_parser(save, tmp_path, monkeypatch, cells):
    """As Excel writes them: with colons in their attributes."""
    row = '<row r="{0}" spans="1:2" ht="15" x14ac:dyDescent="0.25">' + cells + "</row>"
    filled = row.replace("</row>", '<c r="C{0}"><v>7</v></c></row>')
    formats = "".join((filled if n in (700, 5000) else row).format(n) for n in range(3, 9000))
    path = tmp_path / "formatted.xlsx"
    with zipfile.ZipFile(save({"A": [["a"], ["=A1"]]})) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if "sheet1" in name:
                content = content.replace(b"<worksheet ", b'<worksheet xmlns:x14ac="http://x" ')
                content = content.replace(b"</sheetData>", formats.encode() + b"</sheetData>")
            new.writestr(name, content)
    parsed = []
    parse = Package.parse

    def counted(self, name, start, *others, **options):
        def started(tag, attributes):
            parsed.append(tag)
            start(tag, attributes)

        parse(self, name, started, *others, **options)

    monkeypatch.setattr(Package, "parse", counted)
    found = survey(path)
    assert (found.last_row, found.filled, found.unstored) == (5000, 4, {(2, 0): "=A1"})
    assert parsed.count("row") < 20


def test_cells_without_references_are_counted_by_the_parser(save, tmp_path):
    path = tmp_path / "bare.xlsx"
    with zipfile.ZipFile(save({"A": [["a", "b"], ["c", "d"]]})) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            for reference in (b'r="A1"', b'r="B1"', b'r="A2"', b'r="B2"') if "sheet1" in name else ():
                content = content.replace(reference, b"")
            new.writestr(name, content)
    found = survey(path)
    assert (found.last_row, found.last_column) == (2, 1)


def test_an_ods_cell_repeated_beyond_reason_is_refused(tmp_path):
    body = f'<table:table-row table:number-rows-repeated="1000000">{CELL.format("")}</table:table-row>'
    with pytest.raises(CannotOpen, match="repeated 1,000,000 times"):
        open_workbook(save_ods(tmp_path / "a.ods", body))


def test_empty_rows_of_an_ods_sheet_cost_nothing(tmp_path):
    body = (
        f"<table:table-row>{CELL.format('')}</table:table-row>"
        '<table:table-row table:number-rows-repeated="1048575"><table:table-cell/></table:table-row>'
    )
    path = save_ods(tmp_path / "a.ods", body)
    assert survey_ods(Package(path))["A"].last_row == 1
    assert list(open_workbook(path).sheets[0].rows()) == [["x"]]


def test_an_ods_sheet_is_searched_for_formulas_and_hidden_rows(tmp_path):
    body = (
        f'<table:table-row table:visibility="collapse">{CELL.format("")}</table:table-row>'
        '<table:table-row><table:table-cell table:formula="of:=1+1"/></table:table-row>'
    )
    found = survey_ods(Package(save_ods(tmp_path / "a.ods", body)))["A"]
    assert (found.hidden_rows, found.unstored) == ({1}, {(2, 0): "=1+1"})


def test_an_encrypted_ods_is_refused(tmp_path):
    path = save_ods(tmp_path / "a.ods", "", manifest="<m><manifest:encryption-data/></m>")
    with pytest.raises(CannotOpen, match="password"):
        open_workbook(path)

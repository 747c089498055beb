"""A workbook of the old kind is read, and a damaged one harms nobody but the process that reads it."""

import struct

import pytest

from projects.spreadsheets.opening import open_workbook
from projects.spreadsheets.survey import CannotOpen

FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
SECTOR = 512


def record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def label(row: int, column: int, text: str) -> bytes:
    return record(0x0204, struct.pack("<HHHHB", row, column, 0, len(text), 0) + text.encode("latin-1"))


def number(row: int, column: int, value: float) -> bytes:
    return record(0x0203, struct.pack("<HHHd", row, column, 0, value))


def begin(kind: int) -> bytes:
    return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 0, 0, 0))


def stream_of(*cells: bytes, name: str = "Students") -> bytes:
    """The records of a workbook with one sheet."""
    sheet = begin(0x10) + b"".join(cells) + record(0x0A, b"")
    named = struct.pack("<BBBB", 0, 0, len(name), 0) + name.encode("latin-1")
    before = len(begin(5)) + len(record(0x85, b"????" + named)) + len(record(0x0A, b""))
    return begin(5) + record(0x85, struct.pack("<I", before) + named) + record(0x0A, b"") + sheet


def container_of(stream: bytes, *, goes_round: bool = False) -> bytes:
    """The file round the records: a table of sectors, a directory, and the stream in sectors one by one."""
    sectors = max(8, -(-len(stream) // SECTOR))
    table = [FAT, 1 if goes_round else END, *range(3, sectors + 2), END]
    head = struct.pack("<8s16xHHHHH6xIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 62, 3, 0xFFFE, 9, 6, 0, 1, 1)
    head += struct.pack("<IIIIII", 0, 4096, END, 0, END, 0) + struct.pack("<109I", 0, *[FREE] * 108)

    def entry(name: str, kind: int, start: int, size: int) -> bytes:
        written = name.encode("utf-16-le")
        links = struct.pack("<HBBIII", len(written) + 2, kind, 1, FREE, FREE, FREE)
        return written.ljust(64, b"\0") + links + bytes(36) + struct.pack("<IQ", start, size)

    directory = entry("Root Entry", 5, END, 0) + entry("Workbook", 2, 2, sectors * SECTOR)
    table += [FREE] * (SECTOR // 4 - len(table))
    parts = [head, struct.pack(f"<{SECTOR // 4}I", *table), directory.ljust(SECTOR, b"\0")]
    return b"".join(parts) + stream.ljust(sectors * SECTOR, b"\0")


@pytest.fixture
def open_old(tmp_path):
    def open_old(content):
        path = tmp_path / "registrar.xls"
        path.write_bytes(content)
        return open_workbook(path)

    return open_old


def test_its_rows_are_read_from_the_first_column_on(open_old):
    cells = [label(0, 1, "Roll No"), label(0, 2, "Name"), number(2, 1, 7.0), label(2, 2, "Mia")]
    (sheet,) = open_old(container_of(stream_of(*cells))).sheets
    assert (sheet.name, sheet.is_hidden) == ("Students", False)
    assert list(sheet.rows()) == [["", "Roll No", "Name"], ["", "", ""], ["", 7.0, "Mia"]]


@pytest.mark.parametrize(
    "content",
    [
        container_of(stream_of(label(0, 0, "Roll No")), goes_round=True),
        container_of(stream_of(label(0, 0, "Roll No"), record(0x0204, b"\0"))),
        container_of(stream_of(label(0, 0, "Roll No")))[:1600],
        container_of(record(0xFC, struct.pack("<II", 1, 0x7FFFFFFF)) + stream_of()),
    ],
    ids=["goes round in circles", "a record cut short", "a file cut short", "endless texts"],
)
def test_a_damaged_one_is_refused(open_old, content):
    with pytest.raises(CannotOpen, match="damaged"):
        open_old(content)


def test_one_with_a_cell_in_its_last_corner_is_refused_with_the_cell(open_old):
    with pytest.raises(CannotOpen, match="IV65536"):
        open_old(container_of(stream_of(label(0, 0, "Roll No"), label(65535, 255, "far"))))

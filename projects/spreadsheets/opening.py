"""A file becomes sheets of rows, or is refused in a sentence. Its first bytes say what it is."""

import mmap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from . import delimited, old_workbooks
from .survey import DAMAGED, LOCKED, CannotOpen, Package, Survey, survey_ods, survey_xlsx

MAX_BYTES = 200 * 1024 * 1024
Cell = str | float | int | bool | date | datetime | time | timedelta

_OTHER_KINDS = {
    b"\x89PNG": gettext_lazy("a PNG picture"),
    b"\xff\xd8\xff": gettext_lazy("a JPEG picture"),
    b"GIF8": gettext_lazy("a GIF picture"),
    b"%PDF": gettext_lazy("a PDF"),
    b"{\\rtf": gettext_lazy("a text document"),
    b"\x1f\x8b": gettext_lazy("a compressed archive"),
    b"Rar!": gettext_lazy("a compressed archive"),
    b"7z\xbc\xaf": gettext_lazy("a compressed archive"),
    b"SQLite format": gettext_lazy("a database"),
    b"MZ": gettext_lazy("a program"),
    b"\x7fELF": gettext_lazy("a program"),
}
_MACROS = gettext_lazy(
    "The workbook holds macros, and files with macros are not taken in. "
    "Save it as an ordinary workbook (.xlsx) and upload that."
)


@dataclass(frozen=True)
class Sheet:
    """One sheet. Rows are numbered from 1 as the spreadsheet shows them, columns from 0."""

    name: str
    rows: Callable[[], Iterator[list[Any]]]
    is_hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()
    # Formulas without a stored value, as they are written.
    unstored: Mapping[tuple[int, int], str] = field(default_factory=dict)
    broken: Mapping[tuple[int, int], str] = field(default_factory=dict)
    padded: Mapping[tuple[int, int], str] = field(default_factory=dict)
    # Merged cells over several rows: first row, last row, first column. Asking parses the sheet.
    merged: Callable[[], Iterable[tuple[int, int, int]]] = tuple


@dataclass(frozen=True)
class Workbook:
    """A file that can be read. `notices` are sentences about the file as a whole."""

    name: str
    kind: str
    sheets: list[Sheet]
    notices: list[str] = field(default_factory=list)


def open_workbook(path: Path, *, name: str = "") -> Workbook:
    """Raises CannotOpen. Nothing is unpacked before its real size is known."""
    name = name or path.name
    if name.startswith("~$"):
        raise CannotOpen(
            _(
                "%(mark)s is the mark that Excel leaves while a workbook is open, not the workbook. "
                "Upload %(name)s instead."
            )
            % {"mark": name, "name": name[2:]}
        )
    size = path.stat().st_size
    if size == 0:
        raise CannotOpen(_("The file is empty. Save the workbook again and upload it."))
    if size > MAX_BYTES:
        raise CannotOpen(
            _("The file has %(size)d MB; up to %(most)d MB can be read. Split it into several files.")
            % {"size": size // 1024 // 1024, "most": MAX_BYTES // 1024 // 1024}
        )
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(b"PK"):
        return _open_zip(path, name)
    if start.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _open_ole(path, name)
    return _open_text(path, name, start)


def _open_zip(path: Path, name: str) -> Workbook:
    package = Package(path)
    members = {member.casefold() for member in package.members}
    if any(member.endswith(("vbaproject.bin", "vbadata.xml")) for member in members):
        raise CannotOpen(str(_MACROS))
    if "xl/workbook.bin" in members:
        raise CannotOpen(_("This is a binary workbook (.xlsb). Save it as .xlsx and upload that."))
    if "xl/workbook.xml" in package.members:
        surveys, kind = survey_xlsx(package), "xlsx"
    elif "content.xml" in package.members:
        _check_ods(package)
        surveys, kind = survey_ods(package), "ods"
    else:
        is_word = "word/document.xml" in members
        what = _("a Word document") if is_word else _("an archive without a workbook")
        raise CannotOpen(_("This is %s, not a workbook. Upload an .xlsx, .xls, .ods or .csv file.") % what)
    workbook = _read_with_calamine(path, name, kind, surveys)
    if any(member.startswith("xl/externallinks/") for member in members):
        workbook.notices.append(
            _(
                "Some cells take their values from other workbooks. The values as last saved were read; "
                "the other workbooks were not opened."
            )
        )
    return workbook


def _check_ods(package: Package) -> None:
    mimetype = b"".join(package.stream("mimetype")) if "mimetype" in package.members else b""
    if mimetype and b"spreadsheet" not in mimetype:
        raise CannotOpen(
            _("This is an OpenDocument file, but no spreadsheet. Save the table as .ods or .xlsx.")
        )
    if any(
        "Basic/" in member and member.endswith(".xml") and "script-l" not in member
        for member in package.members
    ):
        raise CannotOpen(str(_MACROS))
    if "META-INF/manifest.xml" in package.members:
        manifest = b"".join(package.stream("META-INF/manifest.xml"))
        if b"encryption-data" in manifest:
            raise CannotOpen(str(LOCKED))


def _open_ole(path: Path, name: str) -> Workbook:
    def names(word: str) -> bool:
        return content.find(word.encode("utf-16-le")) >= 0

    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if names("EncryptedPackage"):
            raise CannotOpen(str(LOCKED))
        if names("_VBA_PROJECT"):
            raise CannotOpen(str(_MACROS))
        if names("WordDocument") or names("PowerPoint Document"):
            raise CannotOpen(
                _("This is an Office document, but no workbook. Upload an .xlsx, .xls, .ods or .csv file.")
            )
    sheets = [
        Sheet(
            name=one.name,
            rows=lambda one=one: _from_the_first_column(one.first_column, one.rows),
            merged=lambda one=one: _merged_down(one.merged),
            is_hidden=one.is_hidden,
        )
        for one in old_workbooks.sheets_of(path)
    ]
    return Workbook(name=name, kind="xls", sheets=sheets)


def _open_text(path: Path, name: str, start: bytes) -> Workbook:
    for magic, what in _OTHER_KINDS.items():
        if start.startswith(magic):
            raise CannotOpen(
                _("This is %s, whatever its name says. Upload the workbook: .xlsx, .xls, .ods or .csv.")
                % what
            )
    head = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"<table", b"<meta")):
        raise CannotOpen(
            _(
                "This is a web page or XML under the name of a workbook, as some systems export it. "
                "Open it in the spreadsheet program, save it as .xlsx and upload that."
            )
        )
    encoding = delimited.encoding_of(path)
    if not encoding.startswith("utf-16") and (b"\0" in start or sum(byte < 9 for byte in start) > 0):
        raise CannotOpen(_("This is no workbook. Upload an .xlsx, .xls, .ods or .csv file."))
    notices = []
    if encoding == "cp1252":
        notices.append(
            _(
                "The text file is not in UTF-8; it was read as Windows Western (cp1252). "
                "If letters look wrong, save it as “CSV UTF-8”."
            )
        )
    sheet = Sheet(name=Path(name).stem, rows=lambda: delimited.read_rows(path, encoding))
    return Workbook(name=name, kind="csv", sheets=[sheet], notices=notices)


def _read_with_calamine(path: Path, name: str, kind: str, surveys: Mapping[str, Survey]) -> Workbook:
    try:
        if path.suffix.lower() == f".{kind}":
            book = CalamineWorkbook.from_path(path)
        else:
            # By path it believes the name's ending, which may lie; an open file it looks into, all in memory.
            with path.open("rb") as file:
                book = CalamineWorkbook.from_filelike(file)
    except PasswordError as locked:
        raise CannotOpen(str(LOCKED)) from locked
    except (CalamineError, OSError, ValueError) as damage:
        raise CannotOpen(str(DAMAGED)) from damage
    sheets = []
    latest: dict[str, CalamineSheet] = {}
    for known in book.sheets_metadata:
        if known.typ != SheetTypeEnum.WorkSheet:
            continue
        survey = surveys.get(known.name, Survey())
        parsed = _parser_of(book, known.name, latest)
        sheets.append(
            Sheet(
                name=known.name,
                rows=lambda parsed=parsed: _rows(parsed()),
                # Not told of an ods sheet: there the survey knows.
                merged=lambda parsed=parsed, survey=survey: (
                    survey.merged or _merged_down(parsed().merged_cell_ranges or [])
                ),
                is_hidden=known.visible != SheetVisibleEnum.Visible,
                hidden_rows=frozenset(survey.hidden_rows),
                unstored=survey.unstored,
                broken=survey.broken,
                padded=survey.padded,
            )
        )
    return Workbook(name=name, kind=kind, sheets=sheets)


def _parser_of(
    book: CalamineWorkbook, name: str, latest: dict[str, CalamineSheet]
) -> Callable[[], CalamineSheet]:
    """`latest` keeps the sheet that was parsed last: its first rows are read before the whole."""

    def parsed() -> CalamineSheet:
        if name not in latest:
            latest.clear()
            try:
                latest[name] = book.get_sheet_by_name(name)
            except (CalamineError, ValueError) as damage:
                raise CannotOpen(
                    _("Sheet “%s” is damaged. Save the workbook anew and upload it again.") % name
                ) from damage
        return latest[name]

    return parsed


def _rows(sheet: CalamineSheet) -> Iterator[list[Any]]:
    if sheet.start is None:
        return iter(())
    return _from_the_first_column(sheet.start[1], sheet.iter_rows())


def _from_the_first_column(first: int, rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
    """The fast reader begins at the first column with a value: put back the columns before it."""
    before = [""] * first
    for row in rows:
        yield before + row if before else row


def _merged_down(ranges: Iterable[Any]) -> list[tuple[int, int, int]]:
    """First row, last row, first column of those that cover several rows."""
    return [(first + 1, last + 1, column) for (first, column), (last, _) in ranges if last > first]

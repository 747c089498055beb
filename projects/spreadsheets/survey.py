"""A look at the XML inside an xlsx or ods file before, and beside, the fast reader.

Before: the real unpacked size and extent, because the fast reader holds a whole sheet in memory, dense.
Beside: formulas without a stored value, hidden rows, zero-padding number formats and the merged cells of ods
files, which it cannot see.
"""

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile, ZipInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl.formula.translate import Translator

MEGABYTE = 1024 * 1024
MAX_MEMBERS = 20_000
MAX_DECLARED = 2048 * MEGABYTE  # all members, pictures too: they are never unpacked
MAX_UNPACKED = 800 * MEGABYTE  # the XML that is read
MAX_STRINGS = 120 * MEGABYTE  # shared strings are held in memory twice
MAX_RATIO = 150  # sheets full of formatting reach about 30; a bomb about 1,000
# The fast reader takes about 100 bytes for a cell with a value and 32 for an empty one between such cells.
MAX_FILLED, MAX_DENSE, MAX_MOSTLY_EMPTY = 6_000_000, 12_000_000, 3_000_000
MAX_REPEATED = 200_000  # an ods file can say “this cell, a million times”
WIDE, MAX_FILLED_WIDE, MAX_DENSE_WIDE = 200, 700_000, 2_000_000

MAX_MERGED = 200_000  # the fast reader holds every range
MAX_FORMULAS = 10_000  # whose text is kept
MAX_CELL = 256 * 1024  # bytes of XML; a cell holds 32,767 characters
_CELL = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"[^>]*(?<!/)>')
_FLAGS = re.compile(rb'<(?:\w+:)?f[ >/]|<(?:\w+:)?row [^>]*hidden="(?:1|true)"|\bt="e"')


LOCKED = gettext_lazy("The file is protected by a password. Remove the password and upload it again.")
DAMAGED = gettext_lazy("The file is damaged. Open it, save it anew and upload it again.")


class CannotOpen(Exception):
    """Why a file is not read, in words for the person who chose it."""


@dataclass
class Survey:
    """What one sheet's XML says. Rows count from 1, columns from 0."""

    last_row: int = 0
    last_column: int = -1
    filled: int = 0
    unstored: dict[tuple[int, int], str] = field(default_factory=dict)  # the formula as it is written
    broken: dict[tuple[int, int], str] = field(default_factory=dict)  # #N/A, #REF! …
    hidden_rows: set[int] = field(default_factory=set)
    padded: dict[tuple[int, int], str] = field(default_factory=dict)
    merged: list[tuple[int, int, int]] = field(default_factory=list)  # first row, last row, column; ods only

    def check_size(self, sheet: str, *, is_whole: bool = True) -> None:
        rows, columns = self.last_row, self.last_column + 1
        dense = rows * columns
        most_filled, most = (MAX_FILLED_WIDE, MAX_DENSE_WIDE) if columns > WIDE else (MAX_FILLED, MAX_DENSE)
        if is_whole and self.filled * 4 < dense:
            most = min(most, MAX_MOSTLY_EMPTY)
        if self.filled > most_filled or dense > most:
            raise CannotOpen(
                _(
                    "Sheet “%(sheet)s” has cells as far as %(cell)s, too many to read. Delete rows and "
                    "columns that are not needed, also empty ones, and save it again."
                )
                % {"sheet": sheet, "cell": f"{column_letters(self.last_column)}{rows}"}
            )


def column_letters(index: int) -> str:
    """0 → A, 25 → Z, 26 → AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


class Package:
    """The zip file under an xlsx or ods, unpacked member by member with an eye on the real size."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with ZipFile(path) as archive:
                self.members: dict[str, ZipInfo] = {info.filename: info for info in archive.infolist()}
        except (BadZipFile, OSError, ValueError, NotImplementedError) as damage:
            raise CannotOpen(
                _(
                    "The file is damaged or was cut short on its way. "
                    "Open it, save it anew and upload it again."
                )
            ) from damage
        self.unpacked = 0
        declared = sum(info.file_size for info in self.members.values())
        if len(self.members) > MAX_MEMBERS or declared > MAX_DECLARED:
            raise CannotOpen(self._too_much(declared))

    @staticmethod
    def _too_much(size: int) -> str:
        words = _(
            "Unpacked, this file takes more than %s MB: far more than a workbook of rows. "
            "Copy the rows into a new workbook, save it and upload that."
        )
        return words % f"{size // MEGABYTE:,}"

    def stream(self, name: str) -> Iterator[bytes]:
        """The member's bytes in pieces of at most 1 MB, whatever size its directory entry claims."""
        info = self.members[name]
        if info.flag_bits & 1:
            raise CannotOpen(str(LOCKED))
        if info.compress_type not in (0, 8):
            raise CannotOpen(
                _("The file is packed in an unusual way. Open it, save it as .xlsx and upload that.")
            )
        limit = MAX_STRINGS if name.endswith("sharedStrings.xml") else MAX_UNPACKED
        size = 0
        for piece in self._inflate(info):
            size += len(piece)
            self.unpacked += len(piece)
            if (
                size > limit
                or self.unpacked > MAX_UNPACKED
                or (size > 50 * MEGABYTE and size > MAX_RATIO * max(info.compress_size, 1))
            ):
                raise CannotOpen(self._too_much(size))
            yield piece

    def _inflate(self, info: ZipInfo) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.seek(info.header_offset)
            header = file.read(30)
            file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
            left = info.compress_size
            inflate = zlib.decompressobj(-15) if info.compress_type == 8 else None
            while left > 0 and (packed := file.read(min(left, 256 * 1024))):
                left -= len(packed)
                if inflate is None:
                    yield packed
                    continue
                try:
                    while packed:
                        yield inflate.decompress(packed, MEGABYTE)
                        packed = inflate.unconsumed_tail
                except zlib.error as damage:
                    raise CannotOpen(str(DAMAGED)) from damage

    def parse(
        self,
        name: str,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
        shorten: Callable[[bytes], bytes] = lambda piece: piece,
    ) -> None:
        """Stream a member through expat. Element names arrive without their prefix."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = lambda tag, attributes: start(tag.rpartition(":")[2], attributes)
        if end:
            parser.EndElementHandler = lambda tag: end(tag.rpartition(":")[2])
        if text:
            parser.CharacterDataHandler = text
        parser.EntityDeclHandler = _refuse_entities
        try:
            for piece in self.stream(name):
                parser.Parse(shorten(piece), False)
            parser.Parse(b"", True)
        except expat.ExpatError as damage:
            raise CannotOpen(str(DAMAGED)) from damage


def _refuse_entities(*_declared: object) -> None:
    raise CannotOpen(
        _("The file holds entity definitions, which no workbook needs. Save it anew and upload it again.")
    )


def survey_xlsx(package: Package) -> dict[str, Survey]:
    """Every worksheet by its name. Unpacks each member that the fast reader will unpack, once."""
    members = _worksheet_members(package)
    padding = _padding_styles(package)
    surveys = {}
    for sheet, member in members.items():
        survey, needs_second_look = _glance(package, sheet, member, padding)
        if needs_second_look:
            survey = _second_look(package, sheet, member, padding)
        surveys[sheet] = survey
    seen = set(members.values())
    for name in package.members:
        if name.endswith("sharedStrings.xml") and name not in seen:
            for _piece in package.stream(name):
                pass
    return surveys


def _worksheet_members(package: Package) -> dict[str, str]:
    targets: dict[str, str] = {}
    sheets: dict[str, str] = {}

    def relation(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
            target = attributes.get("Target", "").lstrip("/")
            targets[attributes.get("Id", "")] = target if target.startswith("xl/") else f"xl/{target}"

    def sheet(tag: str, attributes: dict[str, str]) -> None:
        if tag == "sheet":
            key = next(
                (value for name, value in attributes.items() if name.endswith(":id") or name == "id"), ""
            )
            sheets[attributes.get("name", "")] = key

    if "xl/_rels/workbook.xml.rels" in package.members:
        package.parse("xl/_rels/workbook.xml.rels", relation)
    package.parse("xl/workbook.xml", sheet)
    by_case = {name.casefold(): name for name in package.members}
    found = {name: by_case.get(targets.get(key, "").casefold()) for name, key in sheets.items()}
    return {name: member for name, member in found.items() if member}


def _may_hold_flags(piece: bytes, padding: dict[int, str]) -> bool:
    """A quick no for most pieces."""
    return b"hidden=" in piece or b"<f" in piece or b":f" in piece or b't="e"' in piece or bool(padding)


def _padding_styles(package: Package) -> dict[int, str]:
    """Cell styles whose number format only pads with zeros (00000, 000-0000): {style: format}."""
    if "xl/styles.xml" not in package.members:
        return {}
    formats: dict[str, str] = {}
    styles: list[str] = []
    inside = ""

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        if tag == "numFmt":
            code = attributes.get("formatCode", "").replace("\\", "").replace('"', "")
            if re.fullmatch(r"0[0 \-/.]*0", code) and not re.fullmatch(r"0\.0+", code):
                formats[attributes.get("numFmtId", "")] = code
        elif tag in ("cellXfs", "cellStyleXfs"):
            inside = tag
        elif tag == "xf" and inside == "cellXfs":
            styles.append(attributes.get("numFmtId", ""))

    package.parse("xl/styles.xml", start)
    return {number: formats[code] for number, code in enumerate(styles) if code in formats}


def _glance(package: Package, sheet: str, member: str, padding: dict[int, str]) -> tuple[Survey, bool]:
    """Extent by pattern, much faster than a parser, and whether a parser must look again."""
    flags = _FLAGS
    if padding:
        flags = re.compile(
            _FLAGS.pattern + rb'| s="(?:' + b"|".join(b"%d" % style for style in padding) + rb')"'
        )
    survey = Survey()
    rest = b""
    merged = 0
    for piece in package.stream(member):
        merged += piece.count(b"<mergeCell ")
        if merged > MAX_MERGED:
            raise _too_many_merged(sheet)
        piece = rest + piece
        cut = piece.rfind(b"<")
        # A cell's tag may be cut in two, and is never as long as this.
        cut = cut if cut > len(piece) - 4096 else len(piece)
        piece, rest = piece[:cut], piece[cut:]
        if b"</c>" not in piece and b":c>" not in piece:
            # Formatting only; but the last cell may be one whose value comes with the next piece.
            rest = piece[max(piece.rfind(b"<c "), 0) :][-MAX_CELL:] + rest
            continue
        if _may_hold_flags(piece, padding) and flags.search(piece):
            return survey, True
        if piece.count(b'<c r="') != piece.count(b"<c ") + piece.count(b"<c>") + piece.count(b":c"):
            return survey, True  # written in another style than spreadsheets do
        found = _CELL.findall(piece)
        survey.filled += len(found)
        letters = {letter for letter, _row in found}
        survey.last_row = max(survey.last_row, max((int(row) for _letter, row in found), default=0))
        survey.last_column = max(
            survey.last_column, *(column_index(letter.decode()) for letter in letters), -1
        )
        survey.check_size(sheet, is_whole=False)
    survey.check_size(sheet)
    return survey, False


def _too_many_merged(sheet: str) -> CannotOpen:
    return CannotOpen(
        _("Sheet “%(sheet)s” has too many merged cells to read. Unmerge them and save it again.")
        % {"sheet": sheet}
    )


def _second_look(package: Package, sheet: str, member: str, padding: dict[int, str]) -> Survey:
    survey = Survey()
    row = column = merged = 0
    has_formula = has_value = False
    kind: str | None = None
    style = ""
    inside_value = inside_formula = False
    words = formula = shares = ""
    shared: dict[str, tuple[str, str]] = {}  # number of a shared formula → its text, and where it is written

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal words, row, column, has_formula, has_value, kind, style, inside_value
        nonlocal inside_formula, formula, shares, merged
        if tag == "c":
            reference = attributes.get("r", "")
            digits = len(reference) - len(reference.rstrip("0123456789"))
            if digits and digits < len(reference):
                row, column = int(reference[-digits:]), column_index(reference[:-digits])
            else:
                column += 1
            kind, style = attributes.get("t"), attributes.get("s", "")
            has_formula = has_value = False
            words = formula = ""
        elif tag == "v" or tag == "t":
            inside_value = True
        elif tag == "f":
            has_formula = inside_formula = True
            shares = attributes.get("si", "") if attributes.get("t") == "shared" else ""
        elif tag == "mergeCell":
            merged += 1
            if merged > MAX_MERGED:
                raise _too_many_merged(sheet)
        elif tag == "row":
            number = attributes.get("r", "")
            row = int(number) if number.isdigit() else row + 1
            column = -1
            if attributes.get("hidden") in ("1", "true"):
                survey.hidden_rows.add(row)
            if row % 1000 == 0:
                survey.check_size(sheet, is_whole=False)

    def text(value: str) -> None:
        nonlocal has_value, words, formula
        if inside_value:
            has_value = True
            words = value
        elif inside_formula:
            formula += value

    def end(tag: str) -> None:
        nonlocal inside_value, inside_formula
        if tag == "v" or tag == "t":
            inside_value = False
        elif tag == "f":
            inside_formula = False
            if shares and formula:
                shared.setdefault(shares, (formula, f"{column_letters(column)}{row}"))
        elif tag == "c" and (has_value or has_formula):
            survey.filled += 1
            survey.last_row = max(survey.last_row, row)
            survey.last_column = max(survey.last_column, column)
            # An empty text is a stored result as well.
            if has_formula and not has_value and kind != "str":
                wanted = len(survey.unstored) < MAX_FORMULAS
                survey.unstored[row, column] = (
                    _written_out(formula, shared.get(shares), row, column) if wanted else ""
                )
            if kind == "e":
                survey.broken[row, column] = words
            if style.isdigit() and kind in (None, "n") and int(style) in padding:
                survey.padded[row, column] = padding[int(style)]

    package.parse(member, start, end, text, shorten=_without_empty_rows)
    survey.check_size(sheet)
    return survey


def _written_out(formula: str, shared: tuple[str, str] | None, row: int, column: int) -> str:
    """The formula as its cell shows it; one that is shared is written in the first of its cells only."""
    if not formula and shared:
        return Translator(f"={shared[0]}", shared[1]).translate_formula(f"{column_letters(column)}{row}")
    return f"={formula}"


def _without_empty_rows(piece: bytes) -> bytes:
    """Drop rows that hold formatting only, where most do: a million would take the parser long."""
    # A colon stands before the names of elements where a sheet has prefixes, and inside many attributes.
    if b":c" in piece or b":row" in piece:
        return piece
    rows = piece.count(b"<row ")
    if rows != piece.count(b'<row r="') or piece.count(b"</c>") > rows // 4:
        return piece
    at, last = piece.find(b"<row "), piece.rfind(b"<row ")
    # The row before the first began in another piece, the last one may end in another.
    kept = [piece[: max(at, 0)]]
    while (cell := piece.find(b"</c>", at, last)) >= 0:
        end = piece.find(b"<row ", cell)
        kept.append(piece[piece.rfind(b"<row ", at, cell) : end])
        at = end
    return b"".join([*kept, piece[max(last, 0) :]])


def survey_ods(package: Package) -> dict[str, Survey]:
    """Every table of content.xml. A repeated cell counts as often as it is repeated."""
    surveys: dict[str, Survey] = {}
    survey = Survey()
    row = column = row_repeat = repeat = 0
    formula = stored = ""
    has_text = is_broken = False
    spanned = 1

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal spanned, is_broken, survey, row, column, row_repeat, repeat, formula, stored, has_text
        if tag == "table":
            survey = surveys.setdefault(attributes.get("table:name", ""), Survey())
            row, row_repeat = 0, 0
        elif tag == "table-row":
            row += 1
            row_repeat = _count(attributes.get("table:number-rows-repeated"))
            column = 0
            if attributes.get("table:visibility") in ("collapse", "filter"):
                survey.hidden_rows.update(range(row, row + min(row_repeat, 1_048_576)))
        elif tag in ("table-cell", "covered-table-cell"):
            repeat = _count(attributes.get("table:number-columns-repeated"))
            formula = attributes.get("table:formula", "")
            stored = attributes.get("office:value-type", "")
            is_broken = attributes.get("calcext:value-type") == "error"
            spanned = _count(attributes.get("table:number-rows-spanned"))
            has_text = False
        elif tag == "p":
            has_text = True

    def end(tag: str) -> None:
        nonlocal row, column
        if tag in ("table-cell", "covered-table-cell"):
            if stored or formula or has_text:
                if repeat * row_repeat > MAX_REPEATED:
                    raise CannotOpen(
                        _(
                            "One cell is repeated %(times)s times in row %(row)d. "
                            "Delete what is not needed there and save the file again."
                        )
                        % {"times": f"{repeat * row_repeat:,}", "row": row}
                    )
                survey.filled += repeat * row_repeat
                survey.last_row = max(survey.last_row, row + row_repeat - 1)
                survey.last_column = max(survey.last_column, column + repeat - 1)
                if spanned > 1:
                    survey.merged.append((row, row + spanned - 1, column))
                if is_broken:
                    survey.broken[row, column] = _("an error")
                elif formula and not stored:
                    survey.unstored[row, column] = "=" + formula.partition(":=")[2]
            column += repeat
        elif tag == "table-row":
            row += row_repeat - 1

    package.parse("content.xml", start, end)
    for name, found in surveys.items():
        found.check_size(name)
    return surveys


def _count(value: str | None) -> int:
    return int(value) if value and value.isdigit() else 1

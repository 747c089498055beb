"""CSV in the encodings and with the delimiters that spreadsheets and registrars write."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from .survey import CannotOpen

DELIMITERS = ",;\t|"
MEGABYTE = 1024 * 1024
# A cell of Excel holds 32,767 characters.
csv.field_size_limit(4 * MEGABYTE)


def encoding_of(path: Path) -> str:
    """utf-8-sig, utf-16, or cp1252 for what is neither: reads the file once."""
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Every second byte of Latin text in UTF-16 is zero.
    if start[1::2].count(0) > len(start) // 4:
        return "utf-16-le"
    if start[0::2].count(0) > len(start) // 4:
        return "utf-16-be"
    for encoding in ("utf-8-sig", "cp1252"):
        if _decodes(path, encoding):
            return encoding
    raise CannotOpen(
        _("The letters of this text file cannot be told. Save it as “CSV UTF-8” and upload it again.")
    )


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while piece := file.read(MEGABYTE):
                decoder.decode(piece)
            decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def delimiter_of(sample: str) -> str:
    """The delimiter that cuts most lines into the same number of cells, at least two."""
    if sample.startswith("sep=") and sample[4:5] in set(DELIMITERS):
        return sample[4]
    best, best_score = ",", 0
    for delimiter in DELIMITERS:
        rows = list(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter))[:50]
        widths = Counter(len(row) for row in rows if len(row) > 1)
        if widths:
            width, lines = widths.most_common(1)[0]
            score = lines * 100 + min(width, 99)
            if score > best_score:
                best, best_score = delimiter, score
    return best


def read_rows(path: Path, encoding: str) -> Iterator[list[str]]:
    """Every record; an empty line is an empty list, so that row numbers stay those of the spreadsheet."""
    with path.open(encoding=encoding, newline="") as file:
        delimiter = delimiter_of(file.read(64 * 1024))
        file.seek(0)
        rows = csv.reader(file, delimiter=delimiter)
        try:
            for number, row in enumerate(rows):
                if number == 0 and len(row) == 1 and row[0].startswith("sep="):
                    yield []
                    continue
                yield row
        except (csv.Error, UnicodeError) as damage:
            raise CannotOpen(
                _(
                    "Line %d of this text file cannot be read. Look for an open quotation mark, "
                    "or save the file as .xlsx."
                )
                % rows.line_num
            ) from damage

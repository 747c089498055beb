"""A workbook of the old kind through the fast reader, in a process of its own. Its path is the argument.

Run by old_workbooks.py; knows neither Django nor the rest of the project. Tells what it found as pickles:
each sheet's head, its rows, and an empty row; None when all is told.
"""

import pickle
import resource
import sys
from pathlib import Path

from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

MOST_MEMORY = 3 * 512 * 1024**2  # bytes, for one sheet that reaches to its last row and column
MOST_SECONDS = 60  # of the processor


def tell(told: object) -> None:
    pickle.dump(told, sys.stdout.buffer)


def read(path: Path) -> None:
    try:
        with path.open("rb") as file:
            book = CalamineWorkbook.from_filelike(file)
    except PasswordError:
        tell("locked")
        return
    for known in book.sheets_metadata:
        if known.typ != SheetTypeEnum.WorkSheet:
            continue
        sheet = book.get_sheet_by_name(known.name)
        tell(
            {
                "name": known.name,
                "is_hidden": known.visible != SheetVisibleEnum.Visible,
                "first_column": sheet.start[1] if sheet.start else 0,
                "merged": sheet.merged_cell_ranges or [],
                "last": sheet.end or (-1, -1),
            }
        )
        for row in sheet.iter_rows() if sheet.start else ():
            tell(row)
        tell(())
    tell(None)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    read(Path(sys.argv[1]))

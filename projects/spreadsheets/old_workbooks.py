"""Workbooks of the old kind (.xls), read in a process of their own (xls_process.py).

Of an .xlsx or .ods the real size is known before the fast reader sees it. What lies in an .xls nobody knows:
a damaged one makes the reader ask for all memory there is, go round in circles or abort, and whatever process
it is in with it.
"""

import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from .survey import DAMAGED, LOCKED, CannotOpen, Survey

_PROCESS = Path(__file__).parent / "xls_process.py"


class OldSheet(NamedTuple):
    """What the process tells of a sheet. Rows begin at the first column with a value."""

    name: str
    is_hidden: bool
    first_column: int
    merged: list[Any]
    rows: list[list[Any]]


def sheets_of(path: Path) -> list[OldSheet]:
    """Raises CannotOpen."""
    command = [sys.executable, str(_PROCESS), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            return list(_told(process.stdout))
        except (EOFError, pickle.UnpicklingError) as end:
            raise CannotOpen(str(DAMAGED)) from end
        finally:
            process.kill()


def _told(pipe: IO[bytes]) -> Iterator[OldSheet]:
    # Our own process wrote it: nothing of the file's choosing is unpickled but texts and numbers.
    while (head := pickle.load(pipe)) is not None:  # noqa: S301
        if head == "locked":
            raise CannotOpen(str(LOCKED))
        last_row, last_column = head.pop("last")
        Survey(last_row=last_row + 1, last_column=last_column).check_size(head["name"], is_whole=False)
        rows: list[list[Any]] = []
        while (row := pickle.load(pipe)) != ():  # noqa: S301
            rows.append(row)
        yield OldSheet(**head, rows=rows)

"""One process of a portfolio: `python -m scheduling.solver.timetable.worker FOLDER NUMBER`."""

import sys
from pathlib import Path

from .portfolio import work

if __name__ == "__main__":
    work(Path(sys.argv[1]), int(sys.argv[2]))

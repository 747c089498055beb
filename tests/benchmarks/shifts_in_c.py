"""How fast the compiled moves are beside C: python3 run.py bench shifts_in_c INSTANCE [TEMPERATURE ...]

Both make the same draws from the same plan, and must end at the same cost. Needs gcc and an instance without
rooms (Carter's).
"""

import ctypes
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from scheduling.solver.stop import MaxSteps
from scheduling.solver.timetable import formats, kernels, portfolio
from scheduling.solver.timetable.search import Search
from scheduling.solver.timetable.state import COST

DRAWS = 5_000_000
SHIFTS_ONLY = np.zeros(5, dtype=np.int64)


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)


def main(instance: str, *temperatures: str) -> None:
    portfolio.warm_up()
    problem = formats.read_instance(instance).problem
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "shifts.so"
        source = Path(__file__).with_name("shifts.c")
        subprocess.run(["gcc", "-O3", "-march=native", "-shared", "-fPIC", source, "-o", library], check=True)
        shifts = ctypes.CDLL(str(library)).shifts
    shifts.restype = ctypes.c_int64
    for temperature in [float(text) for text in temperatures or ("100", "20", "5")]:
        search = Search(problem, MaxSteps(1), 1, problem.weights, None, None)
        search.construct()
        m, s = search.model, search.state
        kernels.anneal(m, s, SHIFTS_ONLY, temperature, DRAWS)
        state = (s.period, s.table, s.clashes, s.change, s.member, s.members, s.position)
        twin = [array.copy() for array in state]
        random = s.random.copy()
        before = int(s.sums[COST])
        began = time.process_time()
        kernels.anneal(m, s, SHIFTS_ONLY, temperature, DRAWS)
        ours = time.process_time() - began
        began = time.process_time()
        change = shifts(
            *(ctypes.c_int64(n) for n in (len(m.movable), len(s.period), *m.near.shape)),
            *map(pointer, (m.movable, *twin)),
            *map(
                pointer, (m.edge_ptr, m.edge_to, m.edge_weight, m.near, m.near_lo, m.near_hi, m.log, random)
            ),
            ctypes.c_double(temperature),
            ctypes.c_int64(DRAWS),
        )
        in_c = time.process_time() - began
        assert before + change == s.sums[COST], "The two did not do the same."
        print(
            f"T {temperature:g}: {DRAWS / ours / 1e6:.1f} million draws a second, "
            f"C {DRAWS / in_c / 1e6:.1f}, ratio {in_c / ours:.2f}"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])

"""How the kernels are compiled, and where the compiled code is kept."""

import hashlib
from pathlib import Path

from numba import config, njit

# Numba looks at the date of a kernel's own file only. The kernels call each other across files, so that each
# version of the sources gets a folder of its own; without a folder of its own Numba keeps to __pycache__.
if config.CACHE_DIR:
    sources = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.rglob("*.py")))
    config.CACHE_DIR = str(Path(config.CACHE_DIR) / hashlib.sha256(sources).hexdigest()[:16])

# Without _nrt Numba counts references to every array of the tuples at every use, ten times the work of the
# rest; the kernels make no arrays, they only use those that they are given.
entry = njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
# Called from kernels only: a wrapper for Python would cost more to compile than the kernel.
kernel = njit(nogil=True, error_model="numpy", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)

"""How the kernels are compiled, and where the compiled code is kept."""

import hashlib
from pathlib import Path

from numba import config, njit

# Numba looks at the date of a kernel's own file only. The kernels call each other across files, so that each
# version of the sources gets a folder of its own; without a folder of its own Numba keeps to __pycache__.
if config.CACHE_DIR:
    sources = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    config.CACHE_DIR = str(Path(config.CACHE_DIR) / hashlib.sha256(sources).hexdigest()[:16])

# Called from Python, and from kernels only: what a wrapper for Python costs to compile is more than the kernel.
entry = njit(cache=True, nogil=True, error_model="numpy")
kernel = njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)

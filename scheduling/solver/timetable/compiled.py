"""How the kernels are compiled, and where the compiled code is kept."""

import hashlib
from pathlib import Path

from llvmlite import ir
from numba import config, njit, types
from numba.extending import intrinsic

from .model import BLOCK

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
# A call hands over every field of the tuples, a thousand numbers, more than most kernels do themselves. What
# the search does often is therefore made part of its loop.
inlined = njit(
    nogil=True,
    error_model="numpy",
    _nrt=False,
    no_cpython_wrapper=True,
    no_cfunc_wrapper=True,
    forceinline=True,
)


@intrinsic
def add_block(typing, table, at, row, start, times):  # type: ignore[no-untyped-def]
    """table.flat[at : at + BLOCK] += times * row[start : start + BLOCK], all of one type and contiguous.

    In one vector: rows are too short for what the compiler makes of a loop.
    """

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        number = context.get_value_type(signature.args[0].dtype)
        vector = ir.VectorType(number, BLOCK)
        nothing = ir.Constant(vector, ir.Undefined)

        def block(array, of, place):  # type: ignore[no-untyped-def]
            data = context.make_array(of)(context, builder, array).data
            return builder.bitcast(builder.gep(data, [place]), vector.as_pointer())

        index = ir.IntType(32)
        first = builder.insert_element(nothing, args[4], ir.Constant(index, 0))
        same = ir.Constant(ir.VectorType(index, BLOCK), [0] * BLOCK)
        factor = builder.shuffle_vector(first, nothing, same)
        target = block(args[0], signature.args[0], args[1])
        source = block(args[2], signature.args[2], args[3])
        align = number.width // 8
        added = builder.mul(builder.load(source, align=align), factor)
        builder.store(builder.add(builder.load(target, align=align), added), target, align=align)
        return context.get_dummy_value()

    return types.void(table, types.uint64, row, types.uint64, table.dtype), generate

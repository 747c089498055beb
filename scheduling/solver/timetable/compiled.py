"""How the kernels are compiled, and where the compiled code is kept."""

import hashlib
from pathlib import Path
from typing import Any

from llvmlite import ir
from numba import config, njit, types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.targetconfig import TargetConfig
from numba.extending import intrinsic

from .model import BLOCK

# Numba looks at the date of a kernel's own file only. The kernels call each other across files, so that each
# version of the sources gets a folder of its own; without a folder of its own Numba keeps to __pycache__.
if config.CACHE_DIR:
    sources = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.rglob("*.py")))
    config.CACHE_DIR = str(Path(config.CACHE_DIR) / hashlib.sha256(sources).hexdigest()[:16])


def unusual(settings: TargetConfig) -> dict[str, Any]:
    """The settings that are not what they are by default."""
    options = settings.options
    return {name: value for name, value in settings._values.items() if value != options[name].default}


def are_same(one: TargetConfig, other: object) -> Any:
    """Whether two kernels are compiled in the same way."""
    if one is other:
        return True
    return unusual(one) == unusual(other) if isinstance(other, TargetConfig) else NotImplemented


# Numba looks each operator up dozens of times with all settings as part of the key, and spells all of them
# out to hash and compare them, which is most of the time that it needs to find the types.
TargetConfig.__eq__ = are_same  # type: ignore[method-assign]
TargetConfig.__hash__ = lambda settings: hash(frozenset(unusual(settings)))  # type: ignore[method-assign]


class Part(JITCodeLibrary):
    """Code that runs only as part of other code, with which it is optimised and made machine code."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        self._ensure_finalized()
        return 0

    @property
    def codegen(self) -> Any:
        return self

    def set_env(self, name: str, env: object) -> None:
        """There is nothing yet to set it in."""


class PartCompiler(Compiler):
    """Compiles to a Part."""

    def define_pipelines(self) -> Any:
        codegen = self.state.targetctx.codegen()
        self.state.library = Part(codegen, self.state.func_id.func_qualname)
        return super().define_pipelines()


options = {"nogil": True, "error_model": "numpy"}
# Without _nrt Numba counts references to every array of the tuples at every use, ten times the work of the
# rest; the kernels make no arrays, they only use those that they are given.
entry = njit(cache=True, _nrt=False, **options)
# Called from kernels only.
part = {"_nrt": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True, "pipeline_class": PartCompiler}
kernel = njit(**part, **options)
# What the search does often, or one kernel only does, is made part of that.
inlined = njit(**part, **options, forceinline=True)


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

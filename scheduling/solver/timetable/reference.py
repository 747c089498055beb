"""Tuples of arrays handed from kernel to kernel by reference.

Numba hands a tuple over as its content: a thousand numbers a call for Model and State, and as many in the
name of each kernel, which take longer to compile than what the kernels do with them.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, models, register_model

WORD = ir.IntType(64)


class Reference(types.Type):
    """To a tuple of this type; its fields are read as those of the tuple."""

    def __init__(self, of: Any) -> None:
        self.of = of
        # It becomes part of the name of each kernel, which stands in the code at each call.
        content = hashlib.sha256(str(of).encode()).hexdigest()[:8]
        super().__init__(f"{of.instance_class.__name__}.{content}")

    def place(self, name: str) -> int:
        """The word where a field begins."""
        index = self.of.fields.index(name)
        return sum(len(list(_words(field))) for field in self.of.types[:index])


def _words(field: Any) -> Iterator[tuple[str, int | None]]:
    """What is kept of a field, a word each: name in Numba's model of an array, and axis."""
    if not isinstance(field, types.Array):
        yield "", None
        return
    yield "data", None
    yield "nitems", None
    for name in ("shape", "strides"):
        for axis in range(field.ndim):
            yield name, axis


def _path(context: Any, field: Any, name: str, axis: int | None) -> list[int]:
    """Where Numba has it in its model of an array."""
    return [context.data_model_manager[field].get_field_position(name), *([] if axis is None else [axis])]


@register_model(Reference)
class ReferenceModel(models.PrimitiveModel):
    def __init__(self, manager: Any, reference: Reference) -> None:
        super().__init__(manager, reference, WORD.as_pointer())


@infer_getattr
class FieldTypes(AttributeTemplate):
    key = Reference

    def generic_resolve(self, reference: Reference, name: str) -> Any:  # type: ignore[override]
        fields = reference.of.fields
        return reference.of.types[fields.index(name)] if name in fields else None


@lower_getattr_generic(Reference)
def read_field(context: Any, builder: Any, reference: Reference, pointer: Any, name: str) -> Any:
    """Arrays keep their place and size, numbers never change: the compiler may read each once."""
    field = reference.of.types[reference.of.fields.index(name)]
    kind = context.get_value_type(field)
    value = ir.Constant(kind, ir.Undefined)
    for place, (what, axis) in enumerate(_words(field), reference.place(name)):
        path = _path(context, field, what, axis) if what else []
        word = kind
        for step in path:
            word = word.elements[step] if isinstance(word, ir.LiteralStructType) else word.element
        at = builder.gep(pointer, [ir.Constant(ir.IntType(32), place)], inbounds=True)
        read = builder.load(builder.bitcast(at, word.as_pointer()))
        read.set_metadata("invariant.load", builder.module.add_metadata([]))
        if not path:
            return read
        value = builder.insert_value(value, read, path)
    return value


@intrinsic
def refer_to(typing: Any, content: Any) -> Any:
    """A Reference to a tuple, for as long as the caller runs."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        count = sum(len(list(_words(field))) for field in content.types)
        with builder.goto_entry_block():
            words = builder.alloca(WORD, count)
            own = builder.alloca(words.type)
        place = 0
        for index, field in enumerate(content.types):
            value = builder.extract_value(args[0], index)
            for what, axis in _words(field):
                word = builder.extract_value(value, _path(context, field, what, axis)) if what else value
                at = builder.gep(words, [ir.Constant(ir.IntType(32), place)], inbounds=True)
                builder.store(word, builder.bitcast(at, word.type.as_pointer()))
                place += 1
        # Nothing may be read before it is written here, though it is said never to change.
        builder.fence("seq_cst", "singlethread")
        builder.store_atomic(words, own, "seq_cst", 8)
        return builder.load_atomic(own, "seq_cst", 8)

    return Reference(content)(content), generate

"""What a column and a dataset are. One definition serves imports, the admin and exports."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from .cells import Clean, squeezed, text

Row = Mapping[str, Any]

# The column that an error workbook adds. It is not read when the workbook comes back.
ERROR_HEADER = "What to correct"


@dataclass(frozen=True)
class Column:
    """One column: its name in our words, its header as we write it, and what its cells may hold."""

    name: str
    header: str
    aliases: tuple[str, ...] = ()
    clean: Clean = text
    required: bool = False
    empty: Any = ""  # what an empty cell means
    help: str = ""
    # (cell, header) → how a cell was read that might mean something else; "" for no doubt.
    doubt: Callable[[Any, str], str] | None = None
    # An empty cell repeats the one above it, in rows where one of these columns is filled.
    carry_with: tuple[str, ...] = ()
    # Number formats that pad with zeros (0012) are part of the value.
    keeps_zeros: bool = False
    # Two rows of one key that differ in this column contradict each other.
    is_compared: bool = True
    # The cleaned value is a tuple for these columns, where they are empty themselves.
    unpack: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reference:
    """These columns name a row of another dataset by those keys. Rows that leave one empty name none."""

    columns: tuple[str, ...]
    dataset: str
    keys: tuple[str, ...]
    one: str | Promise  # "student", for sentences
    is_list: bool = False


@dataclass(frozen=True)
class Dataset:
    """Rows of one kind. `check` yields (column name, sentence) for what one cell alone cannot show."""

    name: str
    one: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    needs_one_of: tuple[str, ...] = ()
    check: Callable[[Row], Iterator[tuple[str, str]]] | None = None
    # A Dataset may also come with one column per period: see wide.py.
    may_be_wide: bool = False

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def required(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.required)


def header_key(value: Any) -> str:
    """How headers are compared: case, width, spaces and punctuation do not count; # is a number."""
    return squeezed(value.replace("#", " no ")) if isinstance(value, str) else ""

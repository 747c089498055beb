"""Queries that every booking asks: compiled once for a connection, then only filled in.

To build a query with the ORM and to compile it costs several times what its answer costs, and under the lock
of a session's places that time is everybody's. To plan it costs as much again: PostgreSQL keeps the plan.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.models import Expression, QuerySet

# A query for more values is compiled anew: beside its rows that is little.
MOST_VALUES = 12
# PostgreSQL keeps the plan of a query that has been asked so often.
KEPT_AFTER = 5


class Blank(Expression):
    """A place in a compiled query, for the value of that number."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list["Blank"]]:  # type: ignore[override]
        return "%s", [self]


class Compiled:
    """A query with blanks, and how this connection says it."""

    def __init__(self, rows: QuerySet[Any]) -> None:
        self.rows = rows
        self.connection = connections[DEFAULT_DB_ALIAS]
        self.compiler: Any = rows.query.get_compiler(connection=self.connection)
        self.sql, self.blanks = self.compiler.as_sql()
        # How its columns become values: found out once, too.
        converters = self.compiler.get_converters([column for column, *_how in self.compiler.select])
        self.compiler.get_converters = lambda _columns: converters
        # What the rows ask when they are read: the compiler that has done its work.
        rows.query.get_compiler = lambda *_args, **_kwargs: self.compiler  # type: ignore[method-assign]

    def ask(self, values: list[Any]) -> list[Any]:
        adapt = self.connection.ops.adapt_unknown_value
        filled = tuple(adapt(values[one.number]) if isinstance(one, Blank) else one for one in self.blanks)
        self.compiler.as_sql = lambda *_args, **_kwargs: (self.sql, filled)
        rows: Any = self.rows
        with _keeping_plans(self.connection):
            return list(rows._iterable_class(rows))


@contextmanager
def _keeping_plans(wrapper: Any) -> Iterator[None]:
    """What is asked inside goes to PostgreSQL with its values beside it, so that one plan serves them all.

    Where each transaction may have another connection (PgBouncer), nothing can be kept in one.
    """
    if wrapper.vendor != "postgresql" or wrapper.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
        yield
        return
    wrapper.ensure_connection()
    line = wrapper.connection
    usual = line.cursor_factory, line.prepare_threshold
    line.cursor_factory, line.prepare_threshold = ServerBindingCursor, KEPT_AFTER
    try:
        yield
    finally:
        line.cursor_factory, line.prepare_threshold = usual


def compiled_once(build: Callable[..., QuerySet[Any]]) -> Callable[..., list[Any]]:
    """Of a function that builds a query from keys, texts, moments and collections of them: its rows.

    Called with other values it fills them into the query that it has compiled before. `build` may only hand
    its arguments on to filters: what it decides by their values would be decided once for all. A collection
    goes to a column itself (child_id__in is a relation to Django, child__id__in a column).
    """

    @wraps(build)
    def ask(*asked: Any) -> list[Any]:
        parts = [
            list(one) if isinstance(one, Collection) and not isinstance(one, str) else one for one in asked
        ]
        values = [value for part in parts for value in (part if isinstance(part, list) else [part])]
        shape = (build, *(len(part) if isinstance(part, list) else None for part in parts))
        if 0 in shape or len(values) > MOST_VALUES:
            return list(build(*parts))
        # It lives as long as the connection's wrapper does, and belongs to the same thread.
        known: dict[Any, Compiled] = vars(connections[DEFAULT_DB_ALIAS]).setdefault("compiled_queries", {})
        if shape not in known:
            known[shape] = Compiled(build(*_blanks(parts)))
        return known[shape].ask(values)

    return ask


def _blanks(parts: list[Any]) -> list[Any]:
    """The same shape with a blank for each value."""
    numbers = iter(range(MOST_VALUES))
    return [
        [Blank(next(numbers)) for _value in part] if isinstance(part, list) else Blank(next(numbers))
        for part in parts
    ]

"""Rows straight into the database: with keys known beforehand, and without a model instance each."""

from array import array
from collections.abc import Callable
from typing import Any

from django.db import connection

from . import tables


def new_keys(table: tables.Table, count: int) -> "array[int]":
    """Keys for that many rows, which nobody else will be given."""
    name, key = table.model._meta.db_table, table.model._meta.pk.column
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                [connection.ops.quote_name(name), key, count],
            )
            return array("q", (row[0] for row in cursor.fetchall()))
        # The transaction holds the whole database: the next keys are ours.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [name])
        used = cursor.fetchone()
        first = (used[0] if used else 0) + 1
        return array("q", range(first, first + count))


def insert(table: tables.Table, columns: list[str]) -> Callable[[list[list[Any]]], None]:
    """What writes rows of [key, *columns]: the values go as they are, without a model instance each."""
    quote = connection.ops.quote_name
    into = quote(table.model._meta.db_table)
    names = ", ".join(quote(name) for name in [table.model._meta.pk.column, *columns])
    places = ", ".join(["%s"] * (len(columns) + 1))

    def put(rows: list[list[Any]]) -> None:
        if not rows:
            return
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                copying = cursor.copy(f"COPY {into} ({names}) FROM STDIN")
                with connection.wrap_database_errors, copying as copy:
                    for row in rows:
                        copy.write_row(row)
            else:
                cursor.executemany(f"INSERT INTO {into} ({names}) VALUES ({places})", rows)  # noqa: S608

    return put

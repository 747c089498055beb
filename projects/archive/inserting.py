"""Keys for rows that are written straight into the database, known beforehand."""

from array import array

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

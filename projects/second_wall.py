"""The wall once more, in the database: PostgreSQL refuses a row that refers to a row of another tenant.

TenantModel.clean() refuses it with a sentence for the person; bulk changes, commands and mistakes of ours do
not pass there. A trigger on each table compares the tenants of a row and of the rows that it refers to, as
clean() does: the projects where both have one, the institutions otherwise. SQLite has the first wall only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import AppConfig
from django.apps.registry import Apps
from django.db import connections
from django.db.backends.utils import names_digest
from django.db.models import ForeignKey, Model
from django.db.models.options import Options


def tenants_of(options: Options[Any]) -> list[str]:
    """The columns of a table that say whose a row is, the narrowest first."""
    held = {field.name: str(field.column) for field in options.concrete_fields}
    return [held[name] for name in ("project", "institution") if name in held and "institution" in held]


def references(options: Options[Any]) -> Iterator[tuple[str, str, str, str]]:
    """A table's references to rows of a tenant: the column, the other table, its key, the tenant's column."""
    own = tenants_of(options)
    for field in options.concrete_fields:
        if not isinstance(field, ForeignKey) or not own:
            continue
        other = field.related_model._meta
        if field.name == "project":
            yield field.column, other.db_table, str(other.pk.column), own[-1]
        elif shared := [column for column in own if column in tenants_of(other)]:
            yield field.column, other.db_table, str(other.pk.column), shared[0]


def strangers_of(options: Options[Any]) -> list[tuple[str, str]]:
    """For each reference its column, and a query that finds a row if the reference crosses the wall."""
    if options.auto_created:  # both sides of a many-to-many relation, where no column says whose a row is
        one, other = [field for field in options.concrete_fields if isinstance(field, ForeignKey)]
        sides = one.related_model._meta, other.related_model._meta
        shared = [column for column in tenants_of(sides[0]) if column in tenants_of(sides[1])]
        return [
            (
                other.column,
                f'"{sides[0].db_table}" one, "{sides[1].db_table}" other '
                f'WHERE one."{sides[0].pk.column}" = NEW."{one.column}" '
                f'AND other."{sides[1].pk.column}" = NEW."{other.column}" '
                f'AND one."{column}" <> other."{column}"',
            )
            for column in shared[:1]
        ]
    return [
        (
            column,
            f'"{table}" other WHERE other."{key}" = NEW."{column}" AND other."{tenant}" <> NEW."{tenant}"',
        )
        for column, table, key, tenant in references(options)
    ]


def trigger_of(options: Options[Any]) -> str:
    """The statements that put up the wall round one table; empty where nothing of it could cross."""
    strangers = strangers_of(options)
    if not strangers:
        return ""
    name = f"wall_{names_digest(options.db_table, length=8)}"
    checks = "\n".join(
        f"IF EXISTS (SELECT FROM {found}) THEN RAISE integrity_constraint_violation USING "
        f"MESSAGE = '{options.db_table}.{column} refers to a row of another tenant', "
        f"TABLE = '{options.db_table}', COLUMN = '{column}'; END IF;"
        for column, found in strangers
    )
    watched = {column for column, _found in strangers} | set(tenants_of(options))
    columns = ", ".join(f'"{column}"' for column in sorted(watched))
    return f"""
        CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $wall$
        BEGIN
        {checks}
        RETURN NULL;
        END $wall$;
        CREATE OR REPLACE TRIGGER {name} AFTER INSERT OR UPDATE OF {columns} ON "{options.db_table}"
        FOR EACH ROW EXECUTE FUNCTION {name}();
    """


def build(*, sender: AppConfig, using: str, apps: Apps | None = None, **_told: Any) -> None:
    """After migrate: for the tables of one app, as the migrations have left them."""
    connection = connections[using]
    # Emptying all tables sends the same signal, without apps: the triggers are still there.
    if connection.vendor != "postgresql" or apps is None:
        return
    models: list[type[Model]] = list(apps.get_app_config(sender.label).get_models(include_auto_created=True))
    statements = "".join(trigger_of(model._meta) for model in models if model._meta.managed)
    if statements:
        with connection.cursor() as cursor:
            cursor.execute(statements)

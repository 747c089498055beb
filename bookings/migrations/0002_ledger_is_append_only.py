"""The database itself refuses to change an entry of the ledger. PostgreSQL also refuses to delete one;
SQLite does not, because Django empties its test databases row by row."""

from django.db import migrations

POSTGRESQL = """
CREATE FUNCTION bookings_ledger_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The ledger is added to, never changed: enter the opposite.';
END $$;
CREATE TRIGGER bookings_ledger_is_kept BEFORE UPDATE OR DELETE ON bookings_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION bookings_ledger_is_kept();
"""
SQLITE = """
CREATE TRIGGER bookings_ledger_is_kept BEFORE UPDATE ON bookings_ledgerentry
BEGIN
    SELECT RAISE(ABORT, 'The ledger is added to, never changed: enter the opposite.');
END
"""


def guard(apps, schema_editor):
    schema_editor.execute(SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL, params=None)


def unguard(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER bookings_ledger_is_kept")
    else:
        schema_editor.execute("DROP FUNCTION bookings_ledger_is_kept() CASCADE")


class Migration(migrations.Migration):
    dependencies = [("bookings", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]

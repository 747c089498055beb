"""The database itself refuses to change an entry of the ledger. PostgreSQL also refuses to delete one;
SQLite does not, because Django empties its test databases row by row.

One thing may go: the words of an entry (`what`), which may name a child, when a family's data are erased."""

from django.db import migrations

POSTGRESQL = """
CREATE FUNCTION bookings_ledger_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.what = '' AND to_jsonb(NEW) - 'what' = to_jsonb(OLD) - 'what' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'The ledger is added to, never changed: enter the opposite.';
END $$;
CREATE TRIGGER bookings_ledger_is_kept BEFORE UPDATE OR DELETE ON bookings_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION bookings_ledger_is_kept();
"""
COLUMNS = (
    "id, institution_id, household_id, booking_id, account, kind, ref, amount, currency, at, by_id"
)
SQLITE = [
    f"""
CREATE TRIGGER bookings_ledger_is_kept BEFORE UPDATE OF {COLUMNS} ON bookings_ledgerentry
BEGIN
    SELECT RAISE(ABORT, 'The ledger is added to, never changed: enter the opposite.');
END
""",
    """
CREATE TRIGGER bookings_ledger_keeps_its_words BEFORE UPDATE OF what ON bookings_ledgerentry
WHEN NEW.what <> ''
BEGIN
    SELECT RAISE(ABORT, 'The ledger is added to, never changed: enter the opposite.');
END
""",
]


def guard(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else [POSTGRESQL]:
        schema_editor.execute(statement, params=None)


def unguard(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER bookings_ledger_is_kept")
        schema_editor.execute("DROP TRIGGER bookings_ledger_keeps_its_words")
    else:
        schema_editor.execute("DROP FUNCTION bookings_ledger_is_kept() CASCADE")


class Migration(migrations.Migration):
    dependencies = [("bookings", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]

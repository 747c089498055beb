"""PostgreSQL itself refuses a row that refers to a row of another tenant."""

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from projects import second_wall
from scheduling.models import Course, Registration, Student
from tests.factories.accounts import UserFactory
from tests.factories.everything import World
from tests.factories.projects import ProjectFactory

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has the first wall only"),
]


@pytest.fixture
def worlds():
    """Two institutions with rows of every kind."""
    return [
        World(ProjectFactory(), mark, key).fill(UserFactory()) for mark, key in (("A", 1000), ("B", 2000))
    ]


def add(model, world):
    """A member, or a place where one was: the world's maker leaves them to who needs them."""
    row = model(project=world.project, institution=world.institution, user=UserFactory())
    row.save()
    return row


def rows_of(world, model):
    """The keys of the world's rows of that model."""
    if not model._meta.auto_created:
        rows = world.rows.get(model)
        return [row.pk for row in rows or [add(model, world)]]
    one = next(field for field in model._meta.concrete_fields if field.is_relation)
    beside = {f"{one.attname}__in": rows_of(world, one.related_model)}
    return list(model.objects.filter(**beside).values_list("pk", flat=True))


# What else may refuse a change: checks, unique keys, and the triggers of tables that only grow.
OTHER_WALLS = """
    SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I CASCADE', conrelid::regclass, conname)
    FROM pg_constraint WHERE conrelid = %(table)s::regclass AND contype IN ('c', 'u')
    UNION ALL SELECT format('DROP INDEX IF EXISTS %%s', indexrelid::regclass)
    FROM pg_index WHERE indrelid = %(table)s::regclass AND indisunique AND NOT indisprimary
    UNION ALL SELECT format('ALTER TABLE %%s DISABLE TRIGGER %%I', tgrelid::regclass, tgname)
    FROM pg_trigger WHERE tgrelid = %(table)s::regclass AND NOT tgisinternal AND tgname NOT LIKE 'wall%%'
"""


def refer(table, key, row, column, stranger):
    """Change one reference where nothing but the wall can refuse it."""
    connection.check_constraints()  # no table can be altered that still waits for its checks
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(OTHER_WALLS, {"table": table})
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)
        cursor.execute(f'UPDATE "{table}" SET "{column}" = %s WHERE "{key}" = %s', [stranger, row])


def test_no_reference_of_any_table_crosses_the_wall(worlds):
    ours, others = worlds
    tried = 0
    for model in apps.get_models(include_auto_created=True):
        for column, _found in second_wall.strangers_of(model._meta):
            field = next(field for field in model._meta.concrete_fields if field.column == column)
            row, stranger = rows_of(ours, model)[0], rows_of(others, field.related_model)[0]
            with pytest.raises(IntegrityError, match="refers to a row of another tenant"):
                refer(model._meta.db_table, model._meta.pk.column, row, column, stranger)
            tried += 1
    assert tried > 100


def test_rows_that_are_added_in_bulk_stay_on_their_side(worlds):
    ours, others = worlds
    row = Registration(
        project=ours.project,
        institution=ours.project.institution,
        student=ours.rows[Student][0],
        course=others.rows[Course][0],
    )
    with pytest.raises(IntegrityError, match="course_id refers to a row of another tenant"):
        Registration.objects.bulk_create([row])

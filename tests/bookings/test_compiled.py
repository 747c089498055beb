"""A query that is compiled once answers as it would if it were made anew each time."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.compiled import KEPT_AFTER, MOST_VALUES, compiled_once
from bookings.models import Guardianship, Meeting
from tests.factories.bookings import ChildFactory, SessionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def made():
    """What queries were built, and a query of meetings of sessions from a moment on."""
    built = []

    @compiled_once
    def meetings(sessions, since):
        built.append(sessions)
        rows = Meeting.objects.filter(session__id__in=sessions, starts_at__gte=since)
        return rows.select_related("session__activity").order_by("pk")

    return built, meetings


def test_it_is_built_once_and_filled_in_with_each_value(school, made):
    built, meetings = made
    first, second = SessionFactory(institution=school), SessionFactory(institution=school)
    for session in (first, second, first):
        dates = list(session.meetings.order_by("starts_at"))
        assert meetings([session.pk], dates[0].starts_at) == dates
        # The moment counts, also where the database keeps moments as text.
        assert meetings([session.pk], dates[0].starts_at + timedelta(seconds=1)) == dates[1:]
    assert len(built) == 1


def test_rows_know_what_was_selected_with_them(school, made, django_assert_num_queries):
    _built, meetings = made
    session = SessionFactory(institution=school)
    name, since = session.activity.name, session.meetings.first().starts_at
    for _twice in range(2):
        with django_assert_num_queries(1):
            assert {row.session.activity.name for row in meetings([session.pk], since)} == {name}


def test_more_values_are_another_query_and_none_are_no_question(school, made, django_assert_num_queries):
    built, meetings = made
    sessions = [SessionFactory(institution=school) for _number in range(3)]
    since = sessions[0].meetings.first().starts_at
    keys = [session.pk for session in sessions]
    assert {row.session_id for row in meetings(keys, since)} == set(keys)
    assert {row.session_id for row in meetings(keys[:2], since)} == set(keys[:2])
    assert len(built) == 2
    for _twice in range(2):
        assert {row.session_id for row in meetings(range(keys[-1] + MOST_VALUES), since)} == set(keys)
    assert len(built) == 4
    with django_assert_num_queries(0):
        assert meetings([], since) == []


def test_what_is_asked_stands_in_the_query_as_a_value(school, guardian, child):
    """Nothing that a person types becomes part of the statement."""

    @compiled_once
    def rights(name):
        return Guardianship.objects.filter(child__given_name=name).select_related("child")

    odd = ChildFactory(institution=school, of=guardian, given_name="Robert'; DROP TABLE students;-- %s")
    assert [row.child for row in rights(odd.given_name)] == [odd]
    with CaptureQueriesContext(connection) as asked:
        assert rights("' OR ''='") == []
    assert len(asked) == 1


def plans_kept():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%meeting%'")
        return cursor.fetchone()[0]


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite keeps its statements itself")
@pytest.mark.parametrize("is_shared", [False, True])
def test_its_plan_is_kept_unless_the_connection_is_shared(school, made, monkeypatch, is_shared):
    """Behind PgBouncer the next transaction may find itself on a connection that has never heard of it."""
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", is_shared)
    _built, meetings = made
    session = SessionFactory(institution=school)
    dates, before = list(session.meetings.order_by("starts_at")), plans_kept()
    for _time in range(KEPT_AFTER + 2):
        assert meetings([session.pk], dates[0].starts_at) == dates
    assert plans_kept() - before == (not is_shared)

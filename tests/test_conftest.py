"""Which tests run on both databases."""

import pytest

from tests.conftest import touches_a_database


def test_numbers_alone_touch_no_database(request):
    assert not touches_a_database(request.node)


@pytest.mark.django_db
def test_a_mark_asks_for_a_database(request):
    assert touches_a_database(request.node)


def test_a_fixture_asks_for_a_database(request, database_url):
    assert touches_a_database(request.node)

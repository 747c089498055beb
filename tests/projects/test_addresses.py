"""Addresses across the wall."""

import pytest

from projects.addresses import number


def test_a_number_is_read():
    assert number("17") == 17


@pytest.mark.parametrize("told", ["", "x", "-1", "1.5", "²", "9" * 19, "9" * 5000])
def test_what_is_no_number_is_none(told):
    assert number(told) is None

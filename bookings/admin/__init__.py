"""The office's front room for activities: at the institution's address, for administrators and the office."""

from . import attendance, bookings, catalogue, money, navigation, people

__all__ = ["attendance", "bookings", "catalogue", "money", "navigation", "people"]

"""manage.py import_families INSTITUTION FILE: a school's list, in one transaction."""

from bookings.management.list_command import ListCommand


class Command(ListCommand):
    help = "Read a list of families (xlsx, xls, ods, csv) into an institution."
    what = "families"

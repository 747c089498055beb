"""manage.py import_activities INSTITUTION FILE: a school's list, in one transaction."""

from bookings.management.list_command import ListCommand


class Command(ListCommand):
    help = "Read a list of activities (xlsx, xls, ods, csv) into an institution."
    what = "activities"

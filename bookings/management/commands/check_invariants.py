"""manage.py check_invariants [INSTITUTION]: is everything true that must be? Exit code 1 with what is not."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bookings.invariants import find_faults
from projects.models import Institution


class Command(BaseCommand):
    help = "Count places, queues and accounts again from the rows; exit with 1 if something is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("institution", nargs="?", help="its address; without one, all institutions")

    def handle(self, *, institution: str | None, **options: Any) -> None:
        tenant = None
        if institution and not (tenant := Institution.objects.filter(slug=institution).first()):
            raise CommandError(f"There is no institution {institution}.")
        faults = find_faults(tenant)
        for fault in faults:
            self.stdout.write(fault)
        if faults:
            sys.exit(1)
        self.stdout.write("Everything that must be true is true.")

import secrets
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from accounts.models import User
from bookings.invariants import find_faults
from bookings.models import Activity, Booking, WaitEntry
from bookings.sample_school import invent
from projects.models import Institution, Membership, Role

ACCOUNTS = (
    ("office@school.example", "Office", Role.ADMINISTRATOR),
    ("guardian@school.example", "Guardian", None),
    ("tutor@school.example", "Tutor", Role.TUTOR),
)


class Command(BaseCommand):
    help = "Invent a school with families, activities, bookings and queues, and print the sign-ins."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--families", type=int, default=300)

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError(
                "The demo makes sign-ins of its own: set DEMO=1 for an installation that is one."
            )
        institution, _new = Institution.objects.get_or_create(
            slug="school",
            defaults={
                "name": "Model School",
                "address": "2 School Lane",
                "time_zone": "Asia/Karachi",
                "requires_second_factor": False,
            },
        )
        users = [self._account(institution, *account) for account in ACCOUNTS]
        if not Activity.objects.for_institution(institution).exists():
            begun = time.monotonic()
            invent(institution=institution, guardian=users[1], tutor=users[2], families=options["families"])
            live = Booking.objects.for_institution(institution).live().count()
            waiting = WaitEntry.objects.for_institution(institution).waiting().count()
            self.stdout.write(
                f"  {time.monotonic() - begun:6.1f} s  school made: {options['families']} families, "
                f"{live} places booked, {waiting} children waiting"
            )
            if faults := find_faults(institution):
                raise CommandError("The demo's school breaks its own rules: " + " ".join(faults[:3]))
        catalogue = settings.SITE_URL + reverse("bookings:catalogue", args=[institution.slug])
        self.stdout.write(f"  Activities: {catalogue}\n")

    def _account(self, institution: Institution, email: str, name: str, role: Role | None) -> User:
        password = secrets.token_urlsafe(9)
        user = User.objects.filter(email=email).first() or User.objects.create_user(email, name=name)
        user.set_password(password)
        user.save()
        user.confirm_email()
        if role:
            Membership.objects.get_or_create(institution=institution, user=user, defaults={"role": role})
        self.stdout.write(f"    {email:<26} {password:<14} {name.lower()}")
        return user

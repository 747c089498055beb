"""Where somebody who has signed in goes on to: the own family's page, the registers."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from projects.ways_in import WayIn

from .models import Guardian, Tutor


def of(user: User) -> Iterator[WayIn]:
    mine = {"user": user, "is_active": True}
    for guardian in Guardian.objects.filter(**mine).select_related("institution"):
        school = guardian.institution
        yield WayIn(school.name, _("My family"), reverse("bookings:family", args=[school.slug]), "house")
    for tutor in Tutor.objects.filter(**mine).select_related("institution"):
        school = tutor.institution
        address = reverse("bookings:registers", args=[school.slug])
        yield WayIn(school.name, _("Registers"), address, "list-checks")

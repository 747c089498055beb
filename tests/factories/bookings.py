"""Families, sessions and places. One institution is given to the first of a family; the rest follows it."""

from datetime import UTC, date, datetime, time, timedelta

import factory

from bookings import models

from .accounts import UserFactory
from .projects import InstitutionFactory


class TenantFactory(factory.django.DjangoModelFactory):
    class Meta:
        abstract = True

    institution = factory.SubFactory(InstitutionFactory)


def beside(made_by, **values):
    """A row of the same institution."""
    return factory.SubFactory(made_by, institution=factory.SelfAttribute("..institution"), **values)


class HouseholdFactory(TenantFactory):
    class Meta:
        model = models.Household

    name = factory.Sequence(lambda n: f"Family {n}")
    reference = factory.Sequence(lambda n: f"F{n:05}")


class GuardianFactory(TenantFactory):
    """A guardian with an account."""

    class Meta:
        model = models.Guardian

    household = beside(HouseholdFactory)
    user = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"Guardian {n}")
    email = factory.LazyAttribute(lambda row: row.user.email if row.user else "")


class YearGroupFactory(TenantFactory):
    class Meta:
        model = models.YearGroup

    name = factory.Sequence(lambda n: f"Year {n}")
    order = factory.Sequence(int)


class ChildFactory(TenantFactory):
    """A child of eight; ChildFactory(of=guardian) is that guardian's, with all rights."""

    class Meta:
        model = models.Child
        skip_postgeneration_save = True

    given_name = factory.Sequence(lambda n: f"Child{n}")
    family_name = "Khan"
    date_of_birth = date(2018, 6, 1)

    @factory.post_generation
    def of(self, create, guardian, **rights):
        if guardian:
            GuardianshipFactory(institution=self.institution, guardian=guardian, child=self, **rights)


class GuardianshipFactory(TenantFactory):
    class Meta:
        model = models.Guardianship

    guardian = beside(GuardianFactory)
    child = beside(ChildFactory)


class TutorFactory(TenantFactory):
    class Meta:
        model = models.Tutor

    name = factory.Sequence(lambda n: f"Tutor {n}")


class TermFactory(TenantFactory):
    class Meta:
        model = models.Term

    name = factory.Sequence(lambda n: f"Term {n}")
    starts_on = date(2027, 1, 4)
    ends_on = date(2027, 3, 26)


class CategoryFactory(TenantFactory):
    class Meta:
        model = models.Category

    name = factory.Sequence(lambda n: f"Category {n}")


class LocationFactory(TenantFactory):
    class Meta:
        model = models.Location

    name = factory.Sequence(lambda n: f"Hall {n}")


class ActivityFactory(TenantFactory):
    class Meta:
        model = models.Activity
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Activity {n}")
    slug = factory.Sequence(lambda n: f"activity-{n}")


class SessionFactory(TenantFactory):
    """A free session with one place, open to everybody, on two Tuesdays, 15:30–16:30 UTC from 5 January 2027.

    SessionFactory(capacity=2, meetings_at=[(starts_at, ends_at), …]) has other places and dates.
    """

    class Meta:
        model = models.Session
        skip_postgeneration_save = True

    activity = beside(ActivityFactory)
    term = beside(TermFactory)
    weekday = 1
    starts = time(15, 30)
    ends = time(16, 30)

    @factory.post_generation
    def capacity(self, create, capacity, **kwargs):
        models.Places.objects.create(
            institution=self.institution, session=self, capacity=1 if capacity is None else capacity
        )

    @factory.post_generation
    def meetings_at(self, create, meetings, **kwargs):
        """A list of (starts_at, ends_at); by default two weekly ones."""
        first = datetime(2027, 1, 5, 15, 30, tzinfo=UTC)
        weekly = [first + timedelta(weeks=week) for week in range(2)]
        meetings = meetings or [(starts_at, starts_at + timedelta(hours=1)) for starts_at in weekly]
        models.Meeting.objects.bulk_create(
            models.Meeting(institution=self.institution, session=self, starts_at=starts_at, ends_at=ends_at)
            for starts_at, ends_at in meetings
        )


class BookingFactory(TenantFactory):
    """A confirmed booking that counts: its session's taken grows with it."""

    class Meta:
        model = models.Booking
        skip_postgeneration_save = True

    session = beside(SessionFactory)
    child = beside(ChildFactory)
    state = models.Booking.State.CONFIRMED
    source = models.Source.GUARDIAN
    currency = factory.SelfAttribute("institution.currency")
    confirmed_at = datetime(2027, 1, 1, tzinfo=UTC)

    @factory.post_generation
    def counted(self, create, extracted, **kwargs):
        if self.is_live:
            places = models.Places.objects.get(session=self.session)
            places.taken += 1
            places.save()

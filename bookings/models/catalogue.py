"""What can be booked: an activity says what, a session when and for how many, a meeting is one date of it.

A weekly session is booked whole; where each date is booked by itself, each date is a session with one
meeting. So a session is always what is booked, and its Places row is all that bookings of it lock.
"""

from datetime import datetime
from decimal import Decimal
from typing import Self
from zoneinfo import ZoneInfo

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from projects.models import Institution, TenantModel, TenantQuerySet

from .people import Child, ConsentKind, Tutor
from .secrets import new_public_id

# Instalments that a family may choose by itself.
MOST_PARTS = 12


class Weekday(models.IntegerChoices):
    """As date.weekday() counts."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class BookingRules(TenantModel):
    """What holds for all bookings of an institution: one row, made when it is first changed."""

    quiet_from = models.TimeField(
        _("families are left alone from"),
        default="21:00",
        help_text=_("These hours do not count towards the time that a family has to answer an offer."),
    )
    quiet_until = models.TimeField(_("until"), default="08:00")
    hold_minutes = models.PositiveSmallIntegerField(
        _("minutes to pay"), default=30, help_text=_("A place is held so long while its payment is made.")
    )
    shows_position = models.BooleanField(_("families see their position in the queue"), default=True)
    absence_minutes = models.PositiveSmallIntegerField(
        _("minutes until a missing child is reported"), default=10
    )
    keeps_days = models.PositiveSmallIntegerField(
        _("days until health notes are forgotten"),
        default=90,
        help_text=_("After a child has left: with its contacts, collectors and calendar addresses."),
    )
    is_public = models.BooleanField(_("everybody may read the catalogue"), default=True)
    sends_texts = models.BooleanField(_("sends text messages"), default=False)

    class Meta:
        verbose_name = _("rules of booking")
        verbose_name_plural = _("rules of booking")
        constraints = [
            models.UniqueConstraint(
                fields=["institution"],
                name="bookings_rules_once",
                violation_error_message=_("The rules are there already: change them instead."),
            )
        ]

    def __str__(self) -> str:
        return str(self.institution)

    @classmethod
    def of(cls, institution: Institution) -> "BookingRules":
        """The institution's, or the defaults (unsaved)."""
        rules = cls.objects.for_institution(institution).first() or cls(institution=institution)
        # A default that was never read back from the database is still the text above.
        rules.clean_fields(exclude=["institution"])
        return rules


class Term(TenantModel):
    """A season of activities. Both days are included."""

    name = models.CharField(_("name"), max_length=100)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    most_bookings = models.PositiveSmallIntegerField(
        _("most sessions of a child"), null=True, blank=True, help_text=_("Empty: as many as there are.")
    )
    rolled_over_at = models.DateTimeField(_("rolled over at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("term")
        verbose_name_plural = _("terms")
        ordering = ["-starts_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "name"],
                name="bookings_term_name_once",
                violation_error_message=_("There is a term of that name: choose another name."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="bookings_term_ends_after_start",
                violation_error_message=_("The last day lies before the first: put the days in order."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class YearGroup(TenantModel):
    """A school year's children: "Reception", "Year 3". They move on to `next` when a term is rolled over."""

    name = models.CharField(_("name"), max_length=60)
    order = models.SmallIntegerField(_("order"), default=0)
    next = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("moves on to"),
        help_text=_("Empty: these children leave at the end of the year."),
    )

    class Meta:
        verbose_name = _("year group")
        verbose_name_plural = _("year groups")
        ordering = ["order", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "name"],
                name="bookings_yeargroup_name_once",
                violation_error_message=_("There is a year group of that name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Closure(TenantModel):
    """Days without any activity: holidays, a training day, closed today."""

    name = models.CharField(_("name"), max_length=120)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))

    class Meta:
        verbose_name = _("closure")
        verbose_name_plural = _("closures")
        ordering = ["starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="bookings_closure_ends_after_start",
                violation_error_message=_("The last day lies before the first: put the days in order."),
            )
        ]
        indexes = [models.Index(fields=["institution", "starts_on"], name="bookings_closure_days")]

    def __str__(self) -> str:
        return self.name


class Category(TenantModel):
    name = models.CharField(_("name"), max_length=100)
    order = models.SmallIntegerField(_("order"), default=0)
    most_bookings = models.PositiveSmallIntegerField(
        _("most sessions of a child in a term"),
        null=True,
        blank=True,
        help_text=_("Empty: as many as there are."),
    )

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["order", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "name"],
                name="bookings_category_name_once",
                violation_error_message=_("There is a category of that name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Location(TenantModel):
    """A hall, pool or pitch."""

    name = models.CharField(_("name"), max_length=100)
    address = models.CharField(_("address"), max_length=200, blank=True)
    travel_minutes = models.PositiveSmallIntegerField(
        _("minutes to get there"),
        default=0,
        help_text=_("A child needs this time between a session elsewhere and one here."),
    )

    class Meta:
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "name"],
                name="bookings_location_name_once",
                violation_error_message=_("There is a location of that name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class RefundPolicy(TenantModel):
    """How much comes back, by how long before the first meeting a booking is cancelled."""

    name = models.CharField(_("name"), max_length=100)
    cancel_hours = models.PositiveSmallIntegerField(
        _("families cancel until so many hours before"),
        default=0,
        help_text=_("Before the next meeting. The office may always cancel."),
    )

    class Meta:
        verbose_name = _("refund policy")
        verbose_name_plural = _("refund policies")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "name"],
                name="bookings_refundpolicy_name_once",
                violation_error_message=_("There is a refund policy of that name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class RefundStep(TenantModel):
    """Cancelled `days` or more before the first meeting, `percent` comes back; the longest that fits."""

    policy = models.ForeignKey(RefundPolicy, on_delete=models.CASCADE, related_name="steps")
    days = models.PositiveSmallIntegerField(_("days before"))
    percent = models.PositiveSmallIntegerField(_("percent"), validators=[MaxValueValidator(100)])

    class Meta:
        verbose_name = _("refund step")
        verbose_name_plural = _("refund steps")
        ordering = ["-days"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "policy", "days"],
                name="bookings_refundstep_once",
                violation_error_message=_("The policy says something for that day already."),
            ),
            models.CheckConstraint(
                condition=Q(percent__lte=100),
                name="bookings_refundstep_percent",
                violation_error_message=_("More than all of it cannot come back: at most 100."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.days}: {self.percent} %"


class Activity(TenantModel):
    """What is offered, who may come, and by which rules its places are given."""

    class Promotion(models.TextChoices):
        AUTO = "auto", _("booked at once")
        OFFER = "offer", _("offered with a deadline")

    class Paying(models.TextChoices):
        LATER = "later", _("later, at the office or by transfer")
        NOW = "now", _("by card while booking")

    slug = models.SlugField(_("address"), max_length=60)
    name = models.CharField(_("name"), max_length=150)
    category = models.ForeignKey(
        Category,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="activities",
        verbose_name=_("category"),
    )
    description = models.TextField(_("description"), blank=True)
    is_published = models.BooleanField(_("stands in the catalogue"), default=True)

    # Who may come. Empty: everybody.
    youngest = models.PositiveSmallIntegerField(_("from age"), null=True, blank=True)
    oldest = models.PositiveSmallIntegerField(_("up to age"), null=True, blank=True)
    age_on = models.DateField(
        _("age on the day"), null=True, blank=True, help_text=_("Empty: on the term's first day.")
    )
    year_groups = models.ManyToManyField(
        YearGroup, blank=True, related_name="activities", verbose_name=_("year groups")
    )
    is_by_invitation = models.BooleanField(_("by invitation only"), default=False)
    prerequisite = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("only after"),
        help_text=_("A child must have a place, now or before, in this activity."),
    )
    # What must be known first.
    needs_medical = models.BooleanField(_("asks for medical notes"), default=False)
    needs_emergency_contact = models.BooleanField(_("asks for an emergency contact"), default=False)
    consents = models.ManyToManyField(
        ConsentKind, blank=True, related_name="activities", verbose_name=_("asks for consents")
    )

    promotion = models.CharField(
        _("a freed place is"), max_length=5, choices=Promotion.choices, default=Promotion.AUTO
    )
    offer_hours = models.PositiveSmallIntegerField(
        _("hours to answer an offer"), default=24, validators=[MinValueValidator(1)]
    )
    paying = models.CharField(_("is paid"), max_length=5, choices=Paying.choices, default=Paying.LATER)
    most_parts = models.PositiveSmallIntegerField(
        _("in at most so many instalments"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_PARTS)],
        help_text=_("Families choose while booking; the first is due at once. 1: all of it at once."),
    )
    days_between_parts = models.PositiveSmallIntegerField(
        _("days from one instalment to the next"), default=30, validators=[MinValueValidator(1)]
    )
    refund_policy = models.ForeignKey(
        RefundPolicy,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="activities",
        verbose_name=_("refund policy"),
    )

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "slug"],
                name="bookings_activity_slug_once",
                violation_error_message=_("Another activity has that address: choose another."),
            ),
            models.CheckConstraint(
                condition=Q(youngest__isnull=True) | Q(oldest__isnull=True) | Q(oldest__gte=F("youngest")),
                name="bookings_activity_ages_in_order",
                violation_error_message=_("The oldest is younger than the youngest: put the ages in order."),
            ),
            models.CheckConstraint(
                condition=Q(most_parts__gte=1, most_parts__lte=MOST_PARTS, days_between_parts__gte=1),
                name="bookings_activity_parts",
                violation_error_message=_("Between 1 and 12 instalments, at least a day apart."),
            ),
            models.CheckConstraint(
                condition=Q(offer_hours__gte=1),
                name="bookings_activity_offer_hours",
                violation_error_message=_("A family needs at least an hour to answer."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Invitee(TenantModel):
    """A child on the list of an activity that is by invitation only."""

    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="invitees", db_index=False)
    child = models.ForeignKey(Child, on_delete=models.CASCADE, related_name="+", verbose_name=_("child"))

    class Meta:
        verbose_name = _("invited child")
        verbose_name_plural = _("invited children")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "activity", "child"],
                name="bookings_invitee_once",
                violation_error_message=_("That child is on the list already."),
            )
        ]
        indexes = [models.Index(fields=["activity", "child"], name="bookings_invitee_activity")]

    def __str__(self) -> str:
        return f"{self.activity}: {self.child}"


class SessionQuerySet(TenantQuerySet):
    def in_catalogue(self) -> Self:
        return self.filter(state=Session.State.OPEN, activity__is_published=True)


class Session(TenantModel):
    """When an activity takes place, and what it costs: what is booked. How many: its Places row.

    opens_at ≤ t < closes_at is the sign-up window of all; a SignUpWindow gives a year group one of its own.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        OPEN = "open", _("open")
        CANCELLED = "cancelled", _("called off")

    activity = models.ForeignKey(
        Activity, on_delete=models.PROTECT, related_name="sessions", verbose_name=_("activity")
    )
    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="sessions", verbose_name=_("term"))
    public_id = models.CharField(max_length=16, default=new_public_id, editable=False)
    name = models.CharField(_("group"), max_length=100, blank=True, help_text=_("Where there are several."))
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.OPEN)
    tutor = models.ForeignKey(
        Tutor,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="sessions",
        verbose_name=_("tutor"),
    )
    location = models.ForeignKey(
        Location,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="sessions",
        verbose_name=_("location"),
    )
    # How its meetings were made; they themselves are Meeting rows. Local times of the institution.
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices, null=True, blank=True)
    starts = models.TimeField(_("from"), null=True, blank=True)
    ends = models.TimeField(_("until"), null=True, blank=True)
    price = models.DecimalField(
        _("price"), max_digits=10, decimal_places=2, default=Decimal(0), validators=[MinValueValidator(0)]
    )
    fewest = models.PositiveSmallIntegerField(
        _("takes place from so many children"), default=0, help_text=_("Fewer: the office decides.")
    )
    decide_on = models.DateField(_("decided on"), null=True, blank=True)
    opens_at = models.DateTimeField(_("sign-up opens at"), null=True, blank=True)
    closes_at = models.DateTimeField(_("sign-up closes at"), null=True, blank=True)
    last_joining_on = models.DateField(
        _("last day to join"),
        null=True,
        blank=True,
        help_text=_("Empty: until the last meeting begins."),
    )
    ballot = models.ForeignKey(
        "bookings.Ballot",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="sessions",
        verbose_name=_("ballot"),
        help_text=_("Its places are drawn; those left over are then first come, first served."),
    )
    rolled_from = models.ForeignKey(
        "self", null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ["activity__name", "weekday", "starts", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["institution", "public_id"], name="bookings_session_public_id"),
            models.CheckConstraint(
                condition=Q(price__gte=0),
                name="bookings_session_price",
                violation_error_message=_("A price is 0 or more: 0 is free."),
            ),
            models.CheckConstraint(
                condition=Q(closes_at__isnull=True)
                | Q(opens_at__isnull=True)
                | Q(closes_at__gt=F("opens_at")),
                name="bookings_session_closes_after_opening",
                violation_error_message=_("Sign-up closes before it opens: put the two in order."),
            ),
            models.CheckConstraint(
                condition=Q(starts__isnull=True) | Q(ends__isnull=True) | Q(ends__gt=F("starts")),
                name="bookings_session_ends_after_start",
                violation_error_message=_("It ends before it begins: put the times in order."),
            ),
        ]
        indexes = [models.Index(fields=["institution", "term", "state"], name="bookings_session_catalogue")]

    def __str__(self) -> str:
        return f"{self.activity} {self.name}".strip()

    @property
    def is_free(self) -> bool:
        return self.price == 0


class SignUpWindow(TenantModel):
    """When one year group may sign up for a session, in place of the session's own window."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="windows", db_index=False)
    year_group = models.ForeignKey(
        YearGroup, on_delete=models.CASCADE, related_name="+", verbose_name=_("year group")
    )
    opens_at = models.DateTimeField(_("opens at"))
    closes_at = models.DateTimeField(_("closes at"), null=True, blank=True)

    class Meta:
        verbose_name = _("sign-up window")
        verbose_name_plural = _("sign-up windows")
        ordering = ["opens_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "session", "year_group"],
                name="bookings_window_once",
                violation_error_message=_("That year group has its window already: change it instead."),
            ),
            models.CheckConstraint(
                condition=Q(closes_at__isnull=True) | Q(closes_at__gt=F("opens_at")),
                name="bookings_window_closes_after_opening",
                violation_error_message=_("Sign-up closes before it opens: put the two in order."),
            ),
        ]
        indexes = [models.Index(fields=["session", "year_group"], name="bookings_window_session")]

    def __str__(self) -> str:
        return f"{self.session}: {self.year_group}"


class MeetingQuerySet(TenantQuerySet):
    def live(self) -> Self:
        """Those that take place."""
        return self.filter(cancelled_at__isnull=True)

    def between(self, starts_at: datetime, ends_at: datetime) -> Self:
        """Half open: what ends when another begins does not overlap it."""
        return self.filter(starts_at__lt=ends_at, ends_at__gt=starts_at)


class Meeting(TenantModel):
    """One date of a session, half open. Without a location or tutor of its own it has the session's."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="meetings", db_index=False)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    location = models.ForeignKey(
        Location,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("location"),
    )
    tutor = models.ForeignKey(
        Tutor, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("tutor")
    )
    is_make_up = models.BooleanField(_("in place of one that was cancelled"), default=False)
    instead_of = models.ForeignKey(
        "self", null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="made_up_by"
    )
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True, editable=False)
    cancelled_because = models.CharField(_("why"), max_length=200, blank=True, editable=False)
    # Grows with each change: calendars take the highest.
    sequence = models.PositiveIntegerField(default=0, editable=False)

    objects = MeetingQuerySet.as_manager()

    class Meta:
        verbose_name = _("meeting")
        verbose_name_plural = _("meetings")
        ordering = ["starts_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "session", "starts_at"],
                name="bookings_meeting_once",
                violation_error_message=_("The session meets at that time already."),
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="bookings_meeting_ends_after_start",
                violation_error_message=_("It ends before it begins: put the times in order."),
            ),
        ]
        indexes = [
            models.Index(fields=["institution", "starts_at"], name="bookings_meeting_day"),
            models.Index(fields=["session", "starts_at"], name="bookings_meeting_session"),
        ]

    def __str__(self) -> str:
        local = self.starts_at.astimezone(ZoneInfo(self.institution.time_zone))
        return f"{self.session} {local:%Y-%m-%d %H:%M}"


class Places(TenantModel):
    """How many places a session has and how many are taken: the row that everybody who books it locks.

    Only bookings.booking and bookings.waitlist write it; the database refuses what would oversell.
    """

    # Each act says in its own words what it did.
    keeps_history = False

    session = models.OneToOneField(Session, on_delete=models.CASCADE, related_name="places")
    capacity = models.PositiveIntegerField(_("places"))
    # Given by the office beyond the capacity, with a reason.
    extra = models.PositiveIntegerField(_("beyond"), default=0, editable=False)
    # Live bookings: held (for a payment or by an offer) and confirmed.
    taken = models.PositiveIntegerField(_("taken"), default=0, editable=False)
    # Wait entries in state waiting.
    waiting = models.PositiveIntegerField(_("waiting"), default=0, editable=False)
    # The number that the next who joins the queue gets, under the lock.
    next_seq = models.PositiveIntegerField(default=1, editable=False)
    # The session is called off. It stands here too, because whoever waited for the lock reads this row anew.
    is_closed = models.BooleanField(default=False, editable=False)
    # No hold of this session ends before; empty: there is none.
    next_hold_ends_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("places")
        verbose_name_plural = _("places")
        constraints = [
            models.CheckConstraint(
                condition=Q(taken__lte=F("capacity") + F("extra")),
                name="bookings_places_never_oversold",
                violation_error_message=_("More places are taken than there are."),
            ),
            models.CheckConstraint(condition=Q(taken__gte=0), name="bookings_places_taken"),
            models.CheckConstraint(condition=Q(waiting__gte=0), name="bookings_places_waiting"),
            models.CheckConstraint(condition=Q(next_seq__gte=1), name="bookings_places_next_seq"),
        ]
        indexes = [models.Index(fields=["institution", "session"], name="bookings_places_tenant")]

    def __str__(self) -> str:
        return f"{self.taken}/{self.capacity}"

    @property
    def free(self) -> int:
        """Places that nobody has, whoever may be waiting for them."""
        return max(self.capacity + self.extra - self.taken, 0)

    @property
    def open(self) -> int:
        """Places that anybody may book: none while somebody waits."""
        return 0 if self.waiting else self.free

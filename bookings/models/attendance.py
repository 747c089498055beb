"""Who came, who was to come and did not, who went home with whom."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from projects.models import TenantModel

from .catalogue import Meeting
from .people import AuthorisedCollector, Child, Guardian


class MeetingGuest(TenantModel):
    """A child who comes to one meeting without a place in the session."""

    class Kind(models.TextChoices):
        TRIAL = "trial", _("trial")
        MAKE_UP = "make-up", _("in place of a missed one")

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="guests", db_index=False)
    child = models.ForeignKey(Child, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices)

    class Meta:
        verbose_name = _("guest")
        verbose_name_plural = _("guests")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "meeting", "child"],
                name="bookings_guest_once",
                violation_error_message=_("That child is a guest of this meeting already."),
            )
        ]
        indexes = [models.Index(fields=["meeting", "child"], name="bookings_guest_meeting")]

    def __str__(self) -> str:
        return f"{self.child}: {self.meeting}"


class AttendanceMark(TenantModel):
    """What the register says of one child at one meeting. Its history holds who said what before."""

    class State(models.TextChoices):
        PRESENT = "present", _("present")
        LATE = "late", _("late")
        ABSENT = "absent", _("absent")
        LEFT = "left", _("gone home")

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="marks", db_index=False)
    child = models.ForeignKey(Child, on_delete=models.PROTECT, related_name="marks")
    state = models.CharField(_("state"), max_length=7, choices=State.choices)
    arrived_at = models.DateTimeField(_("arrived at"), null=True, blank=True)
    left_at = models.DateTimeField(_("left at"), null=True, blank=True)
    # One of the three, or nobody: walked home alone.
    collected_by = models.ForeignKey(
        AuthorisedCollector, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    collected_by_guardian = models.ForeignKey(
        Guardian, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    collected_by_name = models.CharField(_("collected by"), max_length=150, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    # When it was marked on the phone, which may have been without a network.
    marked_at = models.DateTimeField(_("marked at"), default=timezone.now)
    received_at = models.DateTimeField(auto_now=True)
    marked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("mark")
        verbose_name_plural = _("marks")
        ordering = ["meeting", "child"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "meeting", "child"],
                name="bookings_mark_once",
                violation_error_message=_("That child is marked already: change the mark."),
            ),
            models.CheckConstraint(
                condition=Q(left_at__isnull=True)
                | Q(arrived_at__isnull=True)
                | Q(left_at__gte=F("arrived_at")),
                name="bookings_mark_left_after_arriving",
                violation_error_message=_("The child left before it came: put the times in order."),
            ),
        ]
        indexes = [models.Index(fields=["meeting", "child"], name="bookings_mark_meeting")]

    def __str__(self) -> str:
        return f"{self.child}: {self.get_state_display()}"


class LateMark(TenantModel):
    """A mark that reached us after another of the same child: both are kept, and somebody decides."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="late_marks")
    child = models.ForeignKey(Child, on_delete=models.PROTECT, related_name="+")
    # The fields of an AttendanceMark as the phone had them.
    values = models.JSONField(default=dict)
    marked_at = models.DateTimeField(_("marked at"))
    marked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    received_at = models.DateTimeField(_("received at"), auto_now_add=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    is_taken_over = models.BooleanField(_("taken over"), default=False)

    class Meta:
        verbose_name = _("late mark")
        verbose_name_plural = _("late marks")
        ordering = ["-received_at"]
        indexes = [models.Index(fields=["institution", "-received_at"], name="bookings_latemark_newest")]

    def __str__(self) -> str:
        return f"{self.child}: {self.meeting}"

    @property
    def state(self) -> str:
        """What was said, in the reader's words."""
        return str(dict(AttendanceMark.State.choices).get(self.values.get("state"), ""))


class AbsenceNotice(TenantModel):
    """A guardian says beforehand that a child will not come."""

    meeting = models.ForeignKey(
        Meeting, on_delete=models.CASCADE, related_name="absence_notices", db_index=False
    )
    child = models.ForeignKey(Child, on_delete=models.PROTECT, related_name="absence_notices")
    reported_by = models.ForeignKey(
        Guardian, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    reported_at = models.DateTimeField(_("reported at"), auto_now_add=True)

    class Meta:
        verbose_name = _("absence notice")
        verbose_name_plural = _("absence notices")
        ordering = ["-reported_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "meeting", "child"],
                name="bookings_absence_once",
                violation_error_message=_("The absence is known already."),
            )
        ]
        indexes = [models.Index(fields=["meeting", "child"], name="bookings_absence_meeting")]

    def __str__(self) -> str:
        return f"{self.child}: {self.meeting}"


class AttendanceAlert(TenantModel):
    """An expected child was not there: raised once, closed by somebody."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="alerts", db_index=False)
    child = models.ForeignKey(Child, on_delete=models.PROTECT, related_name="alerts")
    raised_at = models.DateTimeField(_("raised at"), auto_now_add=True)
    resolved_at = models.DateTimeField(_("resolved at"), null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    resolution = models.CharField(_("what it was"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("missing child")
        verbose_name_plural = _("missing children")
        ordering = ["-raised_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "meeting", "child"],
                name="bookings_alert_once",
                violation_error_message=_("That child is reported missing already."),
            )
        ]
        indexes = [models.Index(fields=["meeting"], name="bookings_alert_meeting")]

    def __str__(self) -> str:
        return f"{self.child}: {self.meeting}"

"""What the public sees, and how prints look."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from projects.models import ProjectModel, ProjectQuerySet

from .people import Student
from .solutions import Solution


class PublicationQuerySet(ProjectQuerySet):
    def current(self) -> Self:
        return self.filter(withdrawn_at__isnull=True)


class Publication(ProjectModel):
    """A solution shown to the public, as a draft or for good. One at a time is current."""

    unrecorded_fields = frozenset({"table"})

    class Kind(models.TextChoices):
        DRAFT = "draft", _("draft")
        FINAL = "final", _("final")

    solution = models.ForeignKey(Solution, on_delete=models.RESTRICT, related_name="publications")
    version = models.PositiveIntegerField(_("version"))
    kind = models.CharField(_("kind"), max_length=5, choices=Kind.choices)
    notice = models.TextField(_("notice"), blank=True)
    shows_rooms = models.BooleanField(
        _("shows rooms and seats"),
        default=True,
        help_text=_("Rooms on the public datesheet, room and seat on a student's own slip online."),
    )
    # What was published, kept as it was: [{"date", "starts", "ends", "period", "code", "title", "courses",
    # "programmes", "rooms"}], nothing about any person.
    table = models.JSONField(default=list, editable=False)
    published_at = models.DateTimeField(_("published at"), auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    withdrawn_because = models.CharField(_("why withdrawn"), max_length=250, blank=True)

    objects = PublicationQuerySet.as_manager()

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publications")
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "version"], name="scheduling_publication_version_once"
            ),
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(withdrawn_at__isnull=True),
                name="scheduling_publication_one_current",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.version}"


class Slip(ProjectModel):
    """A student's roll-number slip, found by a random code that nobody can guess.

    The code stays the student's own through all versions; `issue` counts what changed on the paper.
    """

    # Who has the code has the slip, and all members read the history.
    masked_fields = frozenset({"code"})
    unrecorded_fields = frozenset({"content_hash"})

    student = models.ForeignKey(
        Student, on_delete=models.CASCADE, related_name="slips", verbose_name=_("student")
    )
    code = models.CharField(_("slip code"), max_length=32)
    issue = models.PositiveSmallIntegerField(_("issue"), default=1)
    # Of what stood on it at that issue: exams, times, rooms, seats.
    content_hash = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        verbose_name = _("slip")
        verbose_name_plural = _("slips")
        constraints = [
            models.UniqueConstraint(fields=["project", "student"], name="scheduling_slip_once"),
            models.UniqueConstraint(fields=["project", "code"], name="scheduling_slip_code_once"),
        ]

    def __str__(self) -> str:
        return str(self.student)


class PrintSetting(ProjectModel):
    """What stands on a print beside its table. The row without a print code serves all other prints."""

    print_code = models.CharField(_("print"), max_length=40, blank=True)
    title = models.CharField(_("title"), max_length=200, blank=True)
    notification_no = models.CharField(_("notification number"), max_length=80, blank=True)
    instructions = models.TextField(_("instructions"), blank=True)
    signature_name = models.CharField(_("signed by"), max_length=120, blank=True)
    signature_title = models.CharField(_("as"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("print setting")
        verbose_name_plural = _("print settings")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "print_code"],
                name="scheduling_printsetting_once",
                violation_error_message=_("That print has its settings already: change them instead."),
            )
        ]

    def __str__(self) -> str:
        return self.print_code or str(_("all prints"))

"""Workbooks on their way into a project."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from projects.models import ProjectModel, StoredFile


class WorkbookImport(ProjectModel):
    """One upload: read first, looked through by a person, then taken over. The row is the truth."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting to be read")
        READING = "reading", _("being read")
        READ = "read", _("read: look it through")
        ASKED = "asked", _("waiting to be taken over")
        TAKING = "taking", _("being taken over")
        DONE = "done", _("taken over")
        FAILED = "failed", _("failed")

    AT_WORK = (State.WAITING, State.READING, State.ASKED, State.TAKING)

    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    files = models.ManyToManyField(StoredFile, related_name="+", verbose_name=_("files"))
    replaces = models.BooleanField(_("remove rows that the sheets do not have"), default=False)
    skips_errors = models.BooleanField(_("take the good rows only"), default=False)
    # What a person decided about sheets: {sheet: {"dataset", "header_row", "columns": {header: column}}}.
    choices = models.JSONField(default=dict, blank=True)
    # What the reading found: scheduling.uploading.told_of writes it.
    report = models.JSONField(default=dict, blank=True)
    # The uploaded workbooks again, with their errors.
    error_files = models.ManyToManyField(StoredFile, related_name="+")
    # What it is at just now, and when it said so.
    doing = models.CharField(max_length=200, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    message = models.CharField(_("message"), max_length=500, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(_("uploaded at"), auto_now_add=True)

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["project", "-created_at"], name="scheduling_import_newest")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}".capitalize()

    @property
    def is_at_work(self) -> bool:
        return self.state in self.AT_WORK

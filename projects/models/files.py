"""Files of a project: what was uploaded, what became of it, what was made. And its save points."""

import secrets
from pathlib import PurePosixPath

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .tenancy import ProjectModel, Stage


class FileKind(models.TextChoices):
    UPLOAD = "upload", _("uploaded")
    INPUT = "input", _("read")
    OUTPUT = "output", _("made")
    PRIVATE = "private", _("made, for planners")
    ARCHIVE = "archive", _("archive")


def generated_name(row: "StoredFile | SavePoint", name: str) -> str:
    """institution/project/kind/random.ext: nothing that a person typed reaches the file system."""
    suffix = PurePosixPath(name).suffix.lower()[:8]
    suffix = suffix if suffix[1:].isalnum() else ""
    kind = getattr(row, "kind", FileKind.ARCHIVE)
    return f"{row.institution_id}/{row.project_id}/{kind}/{secrets.token_hex(16)}{suffix}"


class StoredFile(ProjectModel):
    kind = models.CharField(_("kind"), max_length=8, choices=FileKind.choices)
    name = models.CharField(_("name"), max_length=200)
    file = models.FileField(_("file"), upload_to=generated_name, max_length=200)
    size = models.PositiveBigIntegerField(_("size in bytes"), default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["project", "kind", "-created_at"], name="projects_file_newest")]

    def __str__(self) -> str:
        return self.name


class SavePoint(ProjectModel):
    """A named state of the whole project that it can go back to."""

    name = models.CharField(_("name"), max_length=150)
    stage = models.CharField(_("stage"), max_length=12, choices=Stage.choices, editable=False)
    archive = models.FileField(upload_to=generated_name, max_length=200, editable=False)
    size = models.PositiveBigIntegerField(_("size in bytes"), default=0, editable=False)
    # Made before going back, so that going back can be taken back.
    is_automatic = models.BooleanField(_("made by itself"), default=False, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("save point")
        verbose_name_plural = _("save points")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"],
                name="projects_savepoint_name_once",
                violation_error_message=_("There is a save point of that name: choose another name."),
            )
        ]

    def __str__(self) -> str:
        return self.name

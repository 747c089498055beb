"""The wall: which institution, and which project inside it, a row belongs to."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from projects import history


class Institution(models.Model):
    """A school or university: the tenant."""

    slug = models.SlugField(_("address"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=200)
    address = models.CharField(_("address line on letterheads"), max_length=300, blank=True)
    logo = models.FileField(_("logo"), upload_to="logos/", blank=True)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default="en")
    time_zone = models.CharField(_("time zone"), max_length=50, default="UTC")
    currency = models.CharField(_("currency"), max_length=3, default="PKR")
    requires_second_factor = models.BooleanField(
        _("staff need a second factor"),
        default=True,
        help_text=_("Staff must add an authenticator app before they can open anything."),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("institution")
        verbose_name_plural = _("institutions")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TenantQuerySet(models.QuerySet):
    """Rows of one institution. Of no tenant, no rows. Bulk changes are written down (projects.history)."""

    def for_institution(self, institution: Institution | None) -> Self:
        return self.filter(institution=institution) if institution else self.none()

    def update(self, **values: Any) -> int:
        fields = history.recorded_fields(self.model, values) if history.is_kept(self.model) else []
        if not fields:
            return super().update(**values)
        with transaction.atomic():
            bulk = history.Bulk(self, fields)
            rows = super().update(**values)
            bulk.updated(rows)
        return rows

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        if not history.is_kept(self.model):
            return super().delete()
        with transaction.atomic():
            bulk = history.Bulk(self, history.recorded_fields(self.model))
            total, counts = super().delete()
            bulk.deleted(counts.get(self.model._meta.label, 0), counts)
        return total, counts

    # As Django's own: nobody deletes all rows through a manager by mistake.
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        if not history.is_kept(self.model):
            return super().bulk_create(objs, *args, **kwargs)
        with transaction.atomic():
            rows = super().bulk_create(objs, *args, **kwargs)
            history.rows_added(self.model, rows)
        return rows

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], *args: Any, **kwargs: Any) -> int:
        objs, names = list(objs), list(fields)
        recorded = history.recorded_fields(self.model, names) if history.is_kept(self.model) else []
        if not (recorded and objs):
            return super().bulk_update(objs, names, *args, **kwargs)
        with transaction.atomic():
            # The first rows' values are looked up before; the count is Django's.
            bulk = history.Bulk(self.filter(pk__in=[row.pk for row in objs[: history.SAMPLE]]), recorded)
            with history.quiet():
                rows = super().bulk_update(objs, names, *args, **kwargs)
            bulk.updated(rows)
        return rows


class TenantModel(models.Model):
    """A row of one institution. Saving and deleting it is written down (projects.history)."""

    keeps_history: ClassVar[bool] = True
    # Fields that change by themselves (when it was last opened); fields whose values are nobody's business.
    unrecorded_fields: ClassVar[frozenset[str]] = frozenset()
    masked_fields: ClassVar[frozenset[str]] = frozenset()
    # Only for those who may read confidences (projects.access); others do not know that a row is there.
    is_confidential: ClassVar[bool] = False

    institution = models.ForeignKey(
        Institution, on_delete=models.CASCADE, editable=False, related_name="+", db_index=False
    )

    objects = TenantQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        fields: Sequence[models.Field] = ()
        if history.is_kept(type(self)):
            fields = history.recorded_fields(type(self), kwargs.get("update_fields"))
        if not fields:
            super().save(*args, **kwargs)
            return
        with transaction.atomic():
            before = None if self._state.adding else history.stored_values(self, fields)
            super().save(*args, **kwargs)
            history.row_saved(self, before, fields)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        if not history.is_kept(type(self)):
            return super().delete(*args, **kwargs)
        with transaction.atomic():
            change = history.row_as_it_was(self)
            total, counts = super().delete(*args, **kwargs)
            history.row_deleted(change, counts)
        return total, counts

    def clean(self) -> None:
        super().clean()
        self._refuse_strangers()

    def _refuse_strangers(self) -> None:
        """No reference may cross the wall, however the row came to be edited."""
        for field in self._meta.concrete_fields:
            if not isinstance(field, models.ForeignKey) or field.name in {"institution", "project"}:
                continue
            if not issubclass(field.related_model, TenantModel):
                continue
            other = getattr(self, field.name, None) if getattr(self, field.attname) is not None else None
            if other is not None and not self._is_beside(other):
                raise ValidationError({field.name: _("Choose one from this list.")})

    def _is_beside(self, other: "TenantModel") -> bool:
        return other.institution_id == self.institution_id


class Role(models.TextChoices):
    ADMINISTRATOR = "administrator", _("administrator")
    OFFICE = "office", _("office")
    TUTOR = "tutor", _("tutor")
    STAFF = "staff", _("staff")


class Membership(TenantModel):
    """A person's role in an institution."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="memberships",
        verbose_name=_("person"),
    )
    role = models.CharField(_("role"), max_length=20, choices=Role.choices, default=Role.STAFF)

    class Meta:
        verbose_name = _("member of the institution")
        verbose_name_plural = _("members of the institution")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "user"],
                name="projects_membership_once",
                violation_error_message=_("That person is a member already: change the role instead."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"


class Stage(models.TextChoices):
    """How far a project has come, in order."""

    DATA = "data", _("Data")
    RULES = "rules", _("Rules")
    DATESHEET = "datesheet", _("Datesheet")
    ROOMS = "rooms", _("Rooms and seats")
    DUTIES = "duties", _("Duties")
    PUBLISHED = "published", _("Published")

    @property
    def number(self) -> int:
        return list(Stage).index(self)


class Project(TenantModel):
    """One exam season's workspace."""

    unrecorded_fields = frozenset({"last_accessed_at"})

    slug = models.SlugField(_("address"), max_length=50)
    name = models.CharField(_("name"), max_length=150)
    term = models.CharField(_("term"), max_length=100, blank=True)
    stage = models.CharField(
        _("stage"), max_length=12, choices=Stage.choices, default=Stage.DATA, editable=False
    )
    is_archived = models.BooleanField(_("archived"), default=False, editable=False)
    dates_are_day_first = models.BooleanField(
        _("03/04 means 3 April"), default=True, help_text=_("How dates in uploaded sheets are read.")
    )
    # Header mappings that people corrected: {sheet key: {header as written: column name or ""}}.
    header_mappings = models.JSONField(default=dict, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    last_accessed_at = models.DateTimeField(_("last opened at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        ordering = ["-last_accessed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "slug"],
                name="projects_project_slug_once",
                violation_error_message=_("Another project has that address: choose another."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        """How commands and addresses name it: institution-slug/project-slug."""
        return f"{self.institution.slug}/{self.slug}"


class ProjectQuerySet(TenantQuerySet):
    def for_project(self, project: Project | None) -> Self:
        return self.filter(project=project) if project else self.none()


class ProjectModel(TenantModel):
    """A row of one project. Its unique keys and indexes start with the project."""

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, editable=False, related_name="+", db_index=False
    )

    objects = ProjectQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.institution_id = self.project.institution_id
        super().save(*args, **kwargs)

    def _is_beside(self, other: TenantModel) -> bool:
        if isinstance(other, ProjectModel):
            return other.project_id == self.project_id
        return super()._is_beside(other)


class ProjectRole(models.TextChoices):
    OWNER = "owner", _("owner")
    PLANNER = "planner", _("planner")
    DEPARTMENT = "department", _("department")
    DUTY_CLERK = "duty-clerk", _("duty clerk")
    VIEWER = "viewer", _("viewer")


class ProjectMember(ProjectModel):
    """A person's role in a project."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="project_memberships",
        verbose_name=_("person"),
    )
    role = models.CharField(_("role"), max_length=12, choices=ProjectRole.choices, default=ProjectRole.VIEWER)
    department = models.CharField(
        _("department"),
        max_length=150,
        blank=True,
        help_text=_("The only department that this member may edit."),
    )

    class Meta:
        verbose_name = _("member of the project")
        verbose_name_plural = _("members of the project")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "user"],
                name="projects_member_once",
                violation_error_message=_("That person is a member already: change the role instead."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"


class Place(ProjectModel):
    """Where a person was in a project, for going on there on any device. It grants nothing."""

    keeps_history = False

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="places")
    path = models.CharField(_("page"), max_length=300, blank=True)
    opened_at = models.DateTimeField(_("last opened at"), default=timezone.now)

    class Meta:
        verbose_name = _("place")
        verbose_name_plural = _("places")
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="projects_place_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.path}"

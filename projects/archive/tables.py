"""Which tables make up a project, in which order they can be written, and what their columns refer to."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from django.apps import apps
from django.conf import settings
from django.db import models

from projects.models import Institution, Place, Project, ProjectMember, ProjectModel, SavePoint, StoredFile

FORMAT = "datesheet project"
VERSION = 1
MAX_LINE = 16 * 1024 * 1024  # bytes of one row

# What a save point leaves as it is: who works here, and what was uploaded, made and saved.
STANDS_APART: frozenset[type[models.Model]] = frozenset({Place, ProjectMember, SavePoint, StoredFile})
# Fields of the project itself that belong to the place, not to the contents.
NOT_CONTENTS = frozenset(
    {"id", "institution", "slug", "name", "is_archived", "created_at", "last_accessed_at"}
)


class Table(NamedTuple):
    """A model's rows in an archive. Late columns refer to rows that come later."""

    label: str
    model: type[models.Model]
    columns: tuple[models.Field, ...]
    late: frozenset[str]

    @property
    def is_link(self) -> bool:
        """The rows of a many-to-many field, which name no project themselves."""
        return not issubclass(self.model, ProjectModel)

    def rows(self, project: Project) -> models.QuerySet:
        """The project's rows, through the base manager, which hides none."""
        path = f"{self.columns[0].name}__project" if self.is_link else "project"
        return self.model._base_manager.filter(**{path: project})


@cache
def tables() -> tuple[Table, ...]:
    """All tables of a project: each comes after those that its rows cannot do without."""
    waiting = {model: _columns(model) for model in _project_models()}
    done: list[Table] = []
    ready: set[type[models.Model]] = set()
    while waiting:
        best = min(waiting, key=lambda model: (_lacks(model, waiting[model], ready), model._meta.label_lower))
        if _lacks(best, waiting[best], ready)[0]:
            raise TypeError(f"{best._meta.label} and another model each need the other first.")
        columns = waiting.pop(best)
        ready.add(best)
        late = {field.name for field in columns if _misses(field, best, ready)}
        done.append(Table(best._meta.label_lower, best, columns, frozenset(late)))
    return tuple(done)


def project_columns() -> tuple[models.Field, ...]:
    return tuple(field for field in Project._meta.concrete_fields if field.name not in NOT_CONTENTS)


def target(field: models.Field) -> type[models.Model] | None:
    """The model of a project that a column refers to; None for people and plain values."""
    related = field.related_model if isinstance(field, models.ForeignKey) else None
    if related is None or refers_to_user(field):
        return None
    if not issubclass(related, ProjectModel):
        raise TypeError(f"{field} refers out of its project: an archive cannot carry that.")
    return related


def refers_to_user(field: models.Field) -> bool:
    return bool(field.related_model and field.related_model._meta.label == settings.AUTH_USER_MODEL)


def _project_models() -> Iterator[type[models.Model]]:
    for model in apps.get_models():
        if not issubclass(model, ProjectModel):
            continue
        yield model
        for many in model._meta.local_many_to_many:
            if many.remote_field.through._meta.auto_created:
                yield many.remote_field.through


def _columns(model: type[models.Model]) -> tuple[models.Field, ...]:
    return tuple(
        field
        for field in model._meta.concrete_fields
        if not field.primary_key and field.related_model not in (Institution, Project)
    )


def _misses(field: models.Field, model: type[models.Model], ready: set[type[models.Model]]) -> bool:
    """Does the column refer to rows that come later, or to other rows of its own table?"""
    related = target(field)
    return related is not None and (related is model or related not in ready)


def _lacks(
    model: type[models.Model], columns: tuple[models.Field, ...], ready: set[type[models.Model]]
) -> tuple[int, int]:
    """How many references cannot be filled in yet: those that must be, and the others."""
    missing = [field for field in columns if (related := target(field)) and related not in ready]
    required = [field for field in missing if not field.null]
    return len(required), sum(field.related_model is not model for field in missing)

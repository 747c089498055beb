"""One world with rows of every kind: a model that is added is filled in here, or its test says its name.

Codes (roll numbers, course codes, addresses) are alike in all worlds; every other text carries the world's
own mark, so that a mark that turns up elsewhere is a leak.
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import count
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import models

from projects import history
from projects.models import Institution, Project, ProjectModel, TenantModel

ROWS = 2
# Columns that are codes, or that more than a text is expected of.
CODES = {
    "code",
    "roll_no",
    "staff_no",
    "number",
    "slug",
    "rule",
    "print_code",
    "sha256",
    "claim",
    "input_hash",
}
FIRST_DAY = date(2027, 1, 4)

# Where constraints ask for more than any value: {model: {column: value of row n}}.
SPECIAL: dict[str, dict[str, Any]] = {
    "scheduling.examrule": {"period": None, "room": None, "pool": None},
    "scheduling.run": {"state": lambda n: ["done", "failed"][n]},
    "scheduling.workbookimport": {"state": lambda n: ["done", "failed"][n]},
    "scheduling.solution": {
        "is_live": lambda n: n == 0,
        "findings": lambda n: [{"level": "error", "rule": "clash", "message": f"finding {n}", "count": 1}],
    },
    "scheduling.publication": {
        "withdrawn_at": lambda n: None if n == 0 else datetime(2027, 1, 1, tzinfo=UTC)
    },
    "projects.place": {"path": "/staff/"},
    "bookings.session": {"closes_at": lambda n: datetime(2027, 6, 1, tzinfo=UTC)},
    "bookings.signupwindow": {"closes_at": lambda n: datetime(2027, 6, 1, tzinfo=UTC)},
    "bookings.ballot": {"closes_at": lambda n: datetime(2027, 6, 1, tzinfo=UTC)},
    # There is one person in a world, and an account belongs to one guardian.
    "bookings.guardian": {"user": None},
    "bookings.tutor": {"user": None},
    "bookings.booking": {
        "state": "confirmed",
        "ended_at": None,
        "ended_because": "",
        "hold_until": None,
    },
    "bookings.waitentry": {"state": "waiting", "ended_at": None},
    "bookings.places": {"capacity": 5},
    "bookings.promocode": {"most_uses": 5},
    "bookings.charge": {"cancelled_at": None},
    "bookings.ledgerentry": {"amount": lambda n: [Decimal(1), Decimal(-1)][n]},
}
# Rows that a world is given by its maker, not by the filler.
MADE_APART = {"projects.project", "projects.membership", "projects.projectmember", "projects.place"}


def is_one_of(model: type[models.Model]) -> bool:
    """A project or an institution has at most one row of this kind."""
    keys = [key for key in model._meta.constraints if isinstance(key, models.UniqueConstraint)]
    return any(list(key.fields) in (["project"], ["institution"]) and key.condition is None for key in keys)


class World:
    """rows[model] are the rows made for one project and its institution."""

    def __init__(self, project: Project, mark: str, first_key: int | None = None) -> None:
        self.project, self.institution, self.mark = project, project.institution, mark
        self.keys = count(first_key) if first_key else None
        self.rows: dict[type[models.Model], list[Any]] = {Project: [project], Institution: [self.institution]}

    def fill(self, user: Any, *, of_institution: bool = True) -> "World":
        """Rows of the project, and of its institution too unless another world has made them."""
        self.rows[apps.get_model(settings.AUTH_USER_MODEL)] = [user]
        with history.quiet():
            return self.fill_models(of_institution)

    def fill_models(self, of_institution: bool) -> "World":
        waiting = [
            model
            for model in apps.get_models()
            if issubclass(model, TenantModel if of_institution else ProjectModel)
            and model._meta.label_lower not in MADE_APART
        ]
        later = []
        while waiting:
            # First those that can be filled in whole, then those that can at least be made.
            model = min(
                waiting, key=lambda model: (self.lacks(model, must=True), self.lacks(model, must=False))
            )
            assert not self.lacks(model, must=True), f"no world can make a {model.__name__}"
            self.rows[model] = [self.make(model, n) for n in range(1 if is_one_of(model) else ROWS)]
            waiting.remove(model)
            later.append(model)
        for model in later:
            self.fill_references(model)
        return self

    def lacks(self, model: type[models.Model], *, must: bool) -> int:
        """How many models are still to be filled that this one refers to (or must refer to)."""
        missing = 0
        for field in [*model._meta.concrete_fields, *model._meta.local_many_to_many]:
            if not field.is_relation or field.related_model is model or field.related_model in self.rows:
                continue
            if field.many_to_many and not field.remote_field.through._meta.auto_created:
                continue
            missing += not (must and field.null)
        return missing

    def make(self, model: type[models.Model], n: int) -> Any:
        values = {}
        for field in model._meta.concrete_fields:
            if field.primary_key or field.name in ("institution", "project"):
                continue
            values[field.name] = self.value(field, n)
        row = model(institution=self.institution, **values)
        if issubclass(model, ProjectModel):
            row.project = self.project
        elif hasattr(model, "project_id"):
            row.project_id = self.project.pk
        if self.keys:
            row.pk = next(self.keys)
        for field in model._meta.concrete_fields:
            if isinstance(field, models.FileField):
                getattr(row, field.name).save("file.txt", ContentFile(self.mark.encode()), save=False)
                row.size, row.sha256 = len(self.mark), sha256(self.mark.encode()).hexdigest()
        row.save(force_insert=True)
        for field in model._meta.local_many_to_many:
            if field.remote_field.through._meta.auto_created:
                getattr(row, field.name).set(self.rows[field.related_model])
        return row

    def value(self, field: Any, n: int) -> Any:
        special = SPECIAL.get(field.model._meta.label_lower, {})
        if field.name in special:
            value = special[field.name]
            return value(n) if callable(value) else value
        if field.is_relation:
            return self.reference(field, n)
        if isinstance(field, models.FileField):
            return ""
        if field.choices:
            return list(dict(field.flatchoices))[n % len(field.flatchoices)]
        return self.plain_value(field, n)

    def plain_value(self, field: Any, n: int) -> Any:
        kind = field.get_internal_type()
        is_end = field.name.startswith(("ends", "ended", "last", "released", "withdrawn", "valid"))
        match kind:
            case "CharField" | "TextField" | "SlugField":
                if field.name in CODES:
                    return f"K-{n}"
                if field.has_default() and callable(field.default):
                    return field.get_default()
                if isinstance(field, models.EmailField):
                    return f"{self.mark.lower()}-{n}@example.edu"
                text = f"{self.mark} {field.name} {n}"
                if field.max_length and len(text) > field.max_length:
                    # What is cut off must not be what tells two rows apart.
                    return f"{self.mark[: field.max_length - 2]} {n}"
                return text
            case "BooleanField":
                return field.default if field.has_default() else False
            case "JSONField":
                return field.get_default()
            case "DateField":
                return FIRST_DAY + timedelta(days=n + 7 * is_end)
            case "TimeField":
                return time(9 + n + 3 * is_end)
            case "DateTimeField":
                return datetime(2027, 1, 4, 9 + n + 3 * is_end, tzinfo=UTC)
            case "DecimalField":
                return Decimal("0.5")
            case _:
                assert "Integer" in kind, f"no world knows a value for {field}"
                return n + 1

    def reference(self, field: Any, n: int) -> Any:
        """Row n of the other model; a second reference to that model takes the next row."""
        rows = self.rows.get(field.related_model)
        if not rows:
            return None
        twins = [
            other.name
            for other in field.model._meta.concrete_fields
            if other.related_model is field.related_model
        ]
        return rows[(n + twins.index(field.name)) % len(rows)]

    def fill_references(self, model: type[models.Model]) -> None:
        """Those that waited for rows made later, or for rows of the same model."""
        special = SPECIAL.get(model._meta.label_lower, {})
        for n, row in enumerate(self.rows[model]):
            empty = [
                field
                for field in model._meta.concrete_fields
                if field.is_relation and getattr(row, field.attname) is None and field.name not in special
            ]
            for field in empty:
                setattr(row, field.name, self.reference(field, n + 1 if field.related_model is model else n))
            if empty:
                row.save()

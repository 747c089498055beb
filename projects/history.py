"""Who changed what, when, why, before and after.

The rows of a tenant write this themselves: TenantModel and TenantQuerySet (models/tenancy.py) call the
functions below round each save, delete and bulk call, in the same transaction. A bulk call is one Change with
its count and the values of its first rows. An importer works inside quiet() and sums up with note().
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Count
from django.db.models.fields.files import FieldFile

# How many rows of a bulk change keep their values before and after.
SAMPLE = 10
MASK = "•••"
# Where the row lives is said by the Change itself.
PLACE = frozenset({"id", "institution", "project"})

# Labels that are codes, and how people read them: {model label: code → words}.
_words: dict[str, Callable[[str], str]] = {}

_actor: ContextVar[Any] = ContextVar("actor", default=None)
_reason: ContextVar[str] = ContextVar("reason", default="")
_is_quiet: ContextVar[bool] = ContextVar("is_quiet", default=False)

Values = dict[str, Any]


def show_label(model: str, words: Callable[[str], str]) -> None:
    """Rows of this model ("app.model") are named by a code: `words` says it to people."""
    _words[model] = words


def shown_label(model: str, label: str) -> str:
    return _words[model](label) if label and model in _words else label


@contextmanager
def acting(*, by: Any, reason: str = "") -> Iterator[None]:
    """Changes made inside are written down as this person's, for this reason."""
    actor, why = _actor.set(by), _reason.set(reason)
    try:
        yield
    finally:
        _actor.reset(actor)
        _reason.reset(why)


@contextmanager
def quiet() -> Iterator[None]:
    """No row inside writes its own history: whoever asks for quiet sums up with note()."""
    token = _is_quiet.set(True)
    try:
        yield
    finally:
        _is_quiet.reset(token)


def note(
    *,
    institution: Any,
    what: str,
    project: Any = None,
    model: type[models.Model] | None = None,
    rows: int = 1,
    action: str = "did",
    before: Any = None,
    after: Any = None,
    reason: str | None = None,
) -> Any:
    """One line of history in a caller's own words, also inside quiet()."""
    return _change_model().objects.create(
        institution=institution,
        project_id=project.pk if project else None,
        action=action,
        model=model._meta.label_lower if model else "",
        label=what[:250],
        rows=rows,
        before=before,
        after=after,
        **_who_and_why(reason),
    )


def is_kept(model: type[models.Model]) -> bool:
    return not _is_quiet.get() and getattr(model, "keeps_history", False)


def recorded_fields(model: type[models.Model], names: Iterable[str] | None = None) -> list[models.Field]:
    """The model's columns whose changes count; of those named only, if any are."""
    left_out = PLACE | getattr(model, "unrecorded_fields", frozenset())
    fields = [field for field in model._meta.concrete_fields if field.name not in left_out]
    if names is None:
        return fields
    wanted = set(names)
    return [field for field in fields if {field.name, field.attname} & wanted]


def stored_values(row: models.Model, fields: Sequence[models.Field]) -> Values | None:
    """What the database holds for this row now, by attribute name."""
    names = [field.attname for field in fields]
    return type(row)._base_manager.filter(pk=row.pk).values(*names).first()


def row_saved(row: models.Model, before: Values | None, fields: Sequence[models.Field]) -> None:
    """After a save: an added row with its values, or the changed fields of one that was there."""
    if before is None:
        _write_row(row, "added", after=_readable(row, [f for f in fields if not _is_empty(row, f)]))
        return
    changed = [field for field in fields if before[field.attname] != _value(row, field)]
    if changed:
        was = {field.name: _label(field, before[field.attname]) for field in changed}
        _write_row(row, "changed", before=was, after=_readable(row, changed))


def row_as_it_was(row: models.Model) -> Any:
    """Before a delete: the Change to be written after it."""
    fields = [field for field in recorded_fields(type(row)) if not _is_empty(row, field)]
    return _row_change(row, "removed", before=_readable(row, fields))


def row_deleted(change: Any, counts: dict[str, int]) -> None:
    """After a delete: the row itself, and how many of which kind went with it."""
    change.save()
    with_it = Counter(counts)
    with_it[apps.get_model(change.model)._meta.label] -= 1
    _write_companions(change, with_it)


class Bulk:
    """A bulk change of the rows that a query finds: made before it, written after it."""

    def __init__(self, rows: models.QuerySet, fields: Sequence[models.Field]) -> None:
        self.model, self.fields = rows.model, list(fields)
        tenant = _tenant_columns(self.model)
        # A sub-select, so that the query may carry any annotation or slice of its own.
        found = self.model._base_manager.filter(pk__in=rows.order_by().values("pk"))
        self.counts = {
            tuple(row[:-1]): row[-1]
            for row in found.order_by().values_list(*tenant).annotate(rows=Count("pk"))
        }
        names = ["pk", *tenant, *(field.attname for field in self.fields)]
        self.before = list(found.order_by("pk").values(*names)[:SAMPLE]) if self.counts else []
        # One row is called by its name; when it has been deleted, it is too late to ask.
        self.label = next((str(row) for row in found), "") if sum(self.counts.values()) == 1 else ""

    def updated(self, rows: int) -> None:
        after = self.model._base_manager.in_bulk([row["pk"] for row in self.before]) if rows else {}
        self._write("changed", rows, {pk: _values(row, self.fields) for pk, row in after.items()})

    def deleted(self, rows: int, counts: dict[str, int]) -> None:
        changes = self._write("removed", rows, {})
        if changes:
            with_them = Counter(counts)
            del with_them[self.model._meta.label]
            _write_companions(changes[0], with_them)

    def _write(self, action: str, rows: int, after: dict[Any, Values]) -> list[Any]:
        if not rows:
            return []
        if len(self.counts) == 1:
            # Others may have come first: what the database says it did counts.
            self.counts = dict.fromkeys(self.counts, rows)
        changes = []
        for place, count in self.counts.items():
            sample = {
                row["pk"]: {f.name: _masked(f, _plain(row[f.attname])) for f in self.fields}
                for row in self.before
                if tuple(row[name] for name in _tenant_columns(self.model)) == place
            }
            now = {str(pk): after[pk] for pk in sample if pk in after}
            was = {str(pk): values for pk, values in sample.items()}
            label = self.label if count == 1 else ""
            changes.append(_bulk_change(self.model, place, action, count, was, now, label))
        return list(_change_model().objects.bulk_create(changes))


def rows_added(model: type[models.Model], rows: Sequence[models.Model]) -> None:
    """After bulk_create: one Change for each tenant that has got rows."""
    tenant = _tenant_columns(model)
    places = Counter(tuple(getattr(row, name) for name in tenant) for row in rows)
    fields = recorded_fields(model)
    changes = []
    for place, count in places.items():
        of_place = (row for row in rows if tuple(getattr(row, name) for name in tenant) == place)
        sample = islice(of_place, SAMPLE)
        after = {
            # A bulk insert that may skip rows does not learn their keys.
            str(row.pk or f"+{number}"): _values(row, [f for f in fields if not _is_empty(row, f)])
            for number, row in enumerate(sample, 1)
        }
        label = next(str(row) for row in rows) if len(rows) == 1 else ""
        changes.append(_bulk_change(model, place, "added", count, {}, after, label))
    _change_model().objects.bulk_create(changes)


# --- how values are written down ----------------------------------------------------------------------------


def _change_model() -> Any:
    # The models call this module, so it cannot import them.
    return apps.get_model("projects", "Change")


def _who_and_why(reason: str | None = None) -> dict[str, Any]:
    by = _actor.get()
    return {"by_id": by.pk if by else None, "reason": (reason or _reason.get())[:300]}


def _tenant_columns(model: type[models.Model]) -> list[str]:
    names = {field.attname for field in model._meta.concrete_fields}
    return ["institution_id", *(["project_id"] if "project_id" in names else [])]


def _plain(value: Any) -> Any:
    """A value as JSON can hold it (dates and decimals are the encoder's)."""
    if isinstance(value, FieldFile):
        return value.name or ""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return str(value) if hasattr(value, "resolve_expression") else value


def _value(row: models.Model, field: models.Field) -> Any:
    value = getattr(row, field.attname)
    if hasattr(value, "resolve_expression") or isinstance(value, FieldFile):
        return _plain(value)
    return field.to_python(value)


def _is_empty(row: models.Model, field: models.Field) -> bool:
    return _value(row, field) in (None, "", [], {})


def _masked(field: models.Field, value: Any) -> Any:
    return MASK if field.name in getattr(field.model, "masked_fields", ()) else value


def _values(row: models.Model, fields: Iterable[models.Field]) -> Values:
    return {field.name: _masked(field, _plain(_value(row, field))) for field in fields}


def _readable(row: models.Model, fields: Iterable[models.Field]) -> Values:
    """Values with the names of other rows in place of their numbers: those may be gone when this is read."""
    values = {}
    for field in fields:
        value = _plain(_value(row, field))
        if isinstance(field, models.ForeignKey) and value is not None:
            value = str(getattr(row, field.name))
        values[field.name] = _masked(field, value)
    return values


def _label(field: models.Field, value: Any) -> Any:
    """A stored value; of a reference, the name of the row it leads to."""
    if isinstance(field, models.ForeignKey) and value is not None:
        target = {field.target_field.attname: value}
        return _masked(field, str(field.related_model._base_manager.filter(**target).first() or value))
    return _masked(field, _plain(value))


def _row_change(row: Any, action: str, **values: Any) -> Any:
    # A project's own changes belong to its history.
    project_id = row.pk if row._meta.label == "projects.Project" else getattr(row, "project_id", None)
    return _change_model()(
        institution_id=row.institution_id,
        project_id=project_id,
        action=action,
        model=row._meta.label_lower,
        row_id=str(row.pk),
        label=str(row)[:250],
        **values,
        **_who_and_why(),
    )


def _write_row(row: models.Model, action: str, **values: Any) -> None:
    _row_change(row, action, **values).save()


def _bulk_change(
    model: type[models.Model],
    place: tuple,
    action: str,
    rows: int,
    before: Values,
    after: Values,
    label: str,
) -> Any:
    institution_id, *project = place
    sample = after or before
    return _change_model()(
        institution_id=institution_id,
        project_id=project[0] if project else None,
        action=action,
        model=model._meta.label_lower,
        # One row changed by a bulk call is found in its own history.
        row_id=next(iter(sample))
        if rows == len(sample) == 1 and not next(iter(sample)).startswith("+")
        else "",
        label=label[:250],
        rows=rows,
        before=before or None,
        after=after or None,
        **_who_and_why(),
    )


def _write_companions(change: Any, counts: Counter[str]) -> None:
    """What was deleted along with it, a line for each kind."""
    kinds = {label: rows for label, rows in counts.items() if rows > 0}
    _change_model().objects.bulk_create(
        _change_model()(
            institution_id=change.institution_id,
            project_id=change.project_id,
            action="removed",
            model=label.lower(),
            label=change.label,
            rows=rows,
            by_id=change.by_id,
            reason=change.reason,
        )
        for label, rows in kinds.items()
        if getattr(apps.get_model(label), "keeps_history", False)
    )

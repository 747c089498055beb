"""Django's own command, but an initial migration makes each model whole, with its indexes and constraints.

Django writes them as operations of their own, and renders the state of all models again for each: with a
hundred models that takes a minute where it could take seconds.
"""

from typing import Any

from django.core.management.commands.makemigrations import Command as MakeMigrations
from django.db.migrations.operations import AddConstraint, AddField, AddIndex, CreateModel
from django.db.migrations.operations.base import Operation


class Command(MakeMigrations):
    def write_migration_files(self, changes: Any, *args: Any, **kwargs: Any) -> None:
        for migrations in changes.values():
            for migration in migrations:
                if migration.initial:
                    migration.operations = whole_models(migration.operations)
        super().write_migration_files(changes, *args, **kwargs)


def whole_models(operations: list[Operation]) -> list[Operation]:
    """The same models in an order in which each can be made whole; where two need each other, as they were.

    Operations of other kinds keep their place behind all models.
    """
    models = {one.name_lower: one for one in operations if isinstance(one, CreateModel)}
    parts: dict[str, list[Any]] = {name: [] for name in models}
    rest = []
    for one in operations:
        if isinstance(one, AddField | AddIndex | AddConstraint) and one.model_name_lower in models:
            parts[one.model_name_lower].append(one)
        elif not isinstance(one, CreateModel):
            rest.append(one)
    made: list[Operation] = []
    late: list[Operation] = []
    waiting = dict(models)
    while waiting:
        ready = [
            name for name in waiting if not _needs(models[name], parts[name]) & (waiting.keys() - {name})
        ]
        if not ready:  # a ring: one is made without the fields that close it
            name = next(name for name in waiting if _closing(name, parts, waiting))
            closed = {part.name for part in _closing(name, parts, waiting)}
            late += [part for part in parts[name] if closed & _columns(part)]
            parts[name] = [part for part in parts[name] if not closed & _columns(part)]
            continue
        for name in ready:
            made.append(_whole(waiting.pop(name), parts[name]))
    return [*made, *late, *rest]


def _closing(name: str, parts: dict[str, list[Any]], waiting: dict[str, Any]) -> list[AddField]:
    """The fields of the model, added apart, that refer to models that are still to be made."""
    others = waiting.keys() - {name}
    return [part for part in parts[name] if isinstance(part, AddField) and _targets(part.field) & others]


def _targets(field: Any) -> set[str]:
    """The models that the field refers to, by the last word of their names."""
    remote = field.remote_field
    named = [getattr(remote, "model", None), getattr(remote, "through", None)] if remote else []
    return {str(one).rpartition(".")[2].lower() for one in named if isinstance(one, str)}


def _needs(model: CreateModel, parts: list[Any]) -> set[str]:
    fields = [field for _name, field in model.fields]
    fields += [part.field for part in parts if isinstance(part, AddField)]
    return set().union(*(_targets(field) for field in fields))


def _columns(part: Any) -> set[str]:
    """The fields that an operation is about."""
    if isinstance(part, AddField):
        return {part.name}
    about = part.index if isinstance(part, AddIndex) else part.constraint
    names = {name.lstrip("-") for name in getattr(about, "fields", ())}
    return names | {
        word for word in str(about.deconstruct()).replace("'", " ").split() if word.isidentifier()
    }


def _whole(model: CreateModel, parts: list[Any]) -> CreateModel:
    fields = [*model.fields, *((part.name, part.field) for part in parts if isinstance(part, AddField))]
    options = dict(model.options)
    if indexes := [part.index for part in parts if isinstance(part, AddIndex)]:
        options["indexes"] = [*options.get("indexes", []), *indexes]
    if constraints := [part.constraint for part in parts if isinstance(part, AddConstraint)]:
        options["constraints"] = [*options.get("constraints", []), *constraints]
    return CreateModel(model.name, fields, options=options, bases=model.bases, managers=model.managers)

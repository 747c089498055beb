"""The first migration of an app with many models, in one step."""

from collections.abc import Sequence

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import AddConstraint, AddField, AddIndex, CreateModel
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ProjectState


class CreateModels(Operation):
    """The models that these operations describe, each created as it stands after the last of them.

    One by one, Django renders all related models anew before each of them: a hundred models took most of a
    minute, and every test run makes a database. Raises ValueError for an operation that would be lost.
    """

    atomic = True
    category = OperationCategory.ADDITION

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = operations
        created = {name.lower() for name in self._names()}
        for one in operations:
            is_part = isinstance(one, AddField | AddIndex | AddConstraint) and one.model_name_lower in created
            if not isinstance(one, CreateModel) and not is_part:
                raise ValueError(f"This belongs in a migration's own operations: {one.describe()}")

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        # Rendered models are rendered again with every change; without them, all once when they are needed.
        state.__dict__.pop("apps", None)
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for name in self._names():
            model = to_state.apps.get_model(app_label, name)
            if self.allow_migrate_model(schema_editor.connection.alias, model):
                schema_editor.create_model(model)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for name in reversed(self._names()):
            model = from_state.apps.get_model(app_label, name)
            if self.allow_migrate_model(schema_editor.connection.alias, model):
                schema_editor.delete_model(model)

    def describe(self) -> str:
        return f"Create {len(self._names())} models"

    def _names(self) -> list[str]:
        return [operation.name for operation in self.operations if isinstance(operation, CreateModel)]

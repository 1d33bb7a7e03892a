"""What the first tables of both applications are made with."""

from collections.abc import Sequence

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class FirstTables(migrations.SeparateDatabaseAndState):
    """Run operations that make tables and guards, with Django's models rendered once.

    As operations of their own, each new table would have all those related to it
    rendered again, some three thousand classes: most of what a new database cost.
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        super().__init__(database_operations=operations, state_operations=operations)

    def describe(self) -> str:
        """Say in `migrate --plan` and `sqlmigrate` what this is."""
        return "Create the first tables with their guards"

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Add the tables to the state; its models are rendered when next asked for."""
        state.__dict__.pop("apps", None)
        super().state_forwards(app_label, state)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Make what the operations say, in their order."""
        for operation in self.database_operations:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Take it back, the last first."""
        for operation in reversed(self.database_operations):
            operation.database_backwards(app_label, schema_editor, from_state, to_state)


def row_id() -> "models.BigAutoField[int, int]":
    """Return the key of a model that names none, as Django would write it out."""
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )

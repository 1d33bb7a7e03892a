"""Refuse, at COMMIT, to move an instance or a step to another node without an entry."""

from django.db import migrations

# Only a statement that sets one of these columns asks: what advances instances does not.
_MOVES = {
    "workflows_instance": ("instance", ("definition_id", "process_id")),
    "workflows_step": ("row", ("node_id", "kind")),
}


def _guard(table: str, place: str, columns: tuple[str, ...]) -> migrations.RunSQL:
    changed = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in columns)
    name = f"{table}_move_needs_entry"
    return migrations.RunSQL(
        sql=(
            f"CREATE CONSTRAINT TRIGGER {name} AFTER UPDATE OF {', '.join(columns)}"
            f" ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ({changed})"
            f" EXECUTE FUNCTION workflows_require_entry('{place}');"
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"
        ),
        reverse_sql=f"DROP TRIGGER {name} ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("workflows", "0011_messages")]
    operations = [
        _guard(table, place, columns) for table, (place, columns) in _MOVES.items()
    ]

"""Deployed definitions, which never change, and how their tables matched."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

from workflows.migrations_support import append_only_table, governed_table, table_stays
from workflows.migrations_tables import row_id

# Only retiring writes to a definition; once a version is on its way out it stays so.
_STAYS = """
CREATE FUNCTION workflows_definition_stays() RETURNS trigger
LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.retired_at IS NULL
            AND (OLD.retiring_at IS NULL OR OLD.retiring_at = NEW.retiring_at) THEN
        -- Compared as a whole, so that a column added later is guarded too.
        OLD.retired_at := NEW.retired_at;
        OLD.retiring_at := NEW.retiring_at;
        IF OLD IS NOT DISTINCT FROM NEW THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% of % is refused: a deployed definition never changes.',
        TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation',
            TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
END $body$;
CREATE TRIGGER workflows_definition_rows_stay
    BEFORE UPDATE OR DELETE ON workflows_definition
    FOR EACH ROW EXECUTE FUNCTION workflows_definition_stays();
ALTER TABLE workflows_definition
    ENABLE ALWAYS TRIGGER workflows_definition_rows_stay;
"""
_STAYS_NOT = """
DROP TRIGGER workflows_definition_rows_stay ON workflows_definition;
DROP FUNCTION workflows_definition_stays();
"""

OPERATIONS = [
    migrations.CreateModel(
        name="Definition",
        fields=[
            ("id", row_id()),
            ("key", models.CharField(max_length=100)),
            ("version", models.CharField(max_length=50)),
            ("version_order", models.CharField(max_length=100)),
            ("name", models.CharField(max_length=200)),
            ("description", models.TextField(default="")),
            ("owner", models.CharField(max_length=200)),
            ("digest", models.CharField(max_length=64)),
            ("process_id", models.CharField(max_length=200)),
            ("processes", models.JSONField()),
            ("contracts", models.JSONField(default=dict)),
            ("settings", models.JSONField(default=dict)),
            ("findings", models.JSONField(default=list)),
            ("deployed_at", models.DateTimeField()),
            ("deployed_by", models.CharField(max_length=200)),
            ("retired_at", models.DateTimeField(null=True)),
            ("calls", models.JSONField(default=dict, db_default={})),
            ("retiring_at", models.DateTimeField(null=True)),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("key", "version"), name="workflows_definition_key_version"
                )
            ]
        },
    ),
    governed_table("workflows_definition"),
    table_stays("workflows_definition"),
    migrations.RunSQL(sql=_STAYS, reverse_sql=_STAYS_NOT),
    migrations.CreateModel(
        name="DefinitionFile",
        fields=[
            ("id", row_id()),
            ("path", models.CharField(max_length=300)),
            ("content", models.BinaryField()),
            ("digest", models.CharField(max_length=64)),
            (
                "definition",
                models.ForeignKey(
                    "workflows.definition",
                    models.PROTECT,
                    related_name="files",
                    db_index=False,
                ),
            ),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("definition", "path"), name="workflows_definition_file_path"
                )
            ]
        },
    ),
    governed_table("workflows_definitionfile"),
    append_only_table("workflows_definitionfile"),
    migrations.CreateModel(
        name="VersionChoice",
        fields=[
            (
                "key",
                models.CharField(max_length=100, primary_key=True, serialize=False),
            ),
            ("reason", models.TextField()),
            ("chosen_by", models.CharField(max_length=200)),
            ("chosen_at", models.DateTimeField()),
            (
                "definition",
                models.ForeignKey(
                    "workflows.definition",
                    models.PROTECT,
                    related_name="+",
                    db_index=False,
                ),
            ),
        ],
    ),
    governed_table("workflows_versionchoice"),
    table_stays("workflows_versionchoice"),
    migrations.CreateModel(
        name="Evaluation",
        fields=[
            ("id", row_id()),
            ("definition_id", models.BigIntegerField()),
            ("decision", models.CharField(max_length=200)),
            ("table_id", models.CharField(max_length=200)),
            ("matched", ArrayField(models.IntegerField())),
            ("at", models.DateTimeField()),
            ("instance_id", models.UUIDField()),
            ("step_id", models.BigIntegerField()),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["definition_id", "decision", "table_id", "id"],
                    name="workflows_evaluation_of_table",
                )
            ]
        },
    ),
    append_only_table("workflows_evaluation"),
]

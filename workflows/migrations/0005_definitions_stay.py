"""Refuse to change or remove what was deployed; only retiring writes to a definition."""

from django.db import migrations

from workflows.migrations_support import append_only_table

_FORWARDS = """
CREATE FUNCTION workflows_definition_stays() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.retired_at IS NULL THEN
        -- Compared as a whole, so that a column added later is guarded too.
        OLD.retired_at := NEW.retired_at;
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
CREATE TRIGGER workflows_definition_table_stays
    BEFORE TRUNCATE ON workflows_definition
    FOR EACH STATEMENT EXECUTE FUNCTION workflows_deny_change();
ALTER TABLE workflows_definition
    ENABLE ALWAYS TRIGGER workflows_definition_rows_stay;
ALTER TABLE workflows_definition
    ENABLE ALWAYS TRIGGER workflows_definition_table_stays;
"""
_BACKWARDS = """
DROP TRIGGER workflows_definition_table_stays ON workflows_definition;
DROP TRIGGER workflows_definition_rows_stay ON workflows_definition;
DROP FUNCTION workflows_definition_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("workflows", "0004_checkpoints")]
    operations = [
        migrations.RunSQL(sql=_FORWARDS, reverse_sql=_BACKWARDS),
        append_only_table("workflows_definitionfile"),
    ]

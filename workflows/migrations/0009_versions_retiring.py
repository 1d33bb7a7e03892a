"""Note what is called at deploy; let a version be retired when its last instance ends."""

from django.db import migrations, models

_GUARD = """
CREATE OR REPLACE FUNCTION workflows_definition_stays() RETURNS trigger
LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.retired_at IS NULL
            AND {condition} THEN
        -- Compared as a whole, so that a column added later is guarded too.
        OLD.retired_at := NEW.retired_at;
        {allowed}
        IF OLD IS NOT DISTINCT FROM NEW THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% of % is refused: a deployed definition never changes.',
        TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation',
            TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
END $body$;
"""
_FORWARDS = _GUARD.format(
    # Once a version is on its way out it stays so.
    condition="(OLD.retiring_at IS NULL OR OLD.retiring_at = NEW.retiring_at)",
    allowed="OLD.retiring_at := NEW.retiring_at;",
)
_BACKWARDS = _GUARD.format(condition="true", allowed="")


class Migration(migrations.Migration):
    dependencies = [("workflows", "0008_instance_data")]
    operations = [
        migrations.AddField(
            model_name="definition",
            name="calls",
            field=models.JSONField(db_default={}, default=dict),
        ),
        migrations.AddField(
            model_name="definition",
            name="retiring_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunSQL(sql=_FORWARDS, reverse_sql=_BACKWARDS),
    ]

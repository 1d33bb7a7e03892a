"""Let the rollups have cells of whole classes; what was counted is counted anew."""

from django.db import migrations, models

_TABLES = ("fact", "hour", "spread", "pause", "state", "cell", "mark")


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0024_definition_changes"),
    ]

    operations = [
        migrations.AddField(
            model_name="taskfact",
            name="task_class",
            field=models.CharField(db_default="", max_length=1),
        ),
        # The sweeper finds no mark and begins again with the first task.
        *(
            migrations.RunSQL(
                sql="DELETE FROM review_"  # noqa: S608
                + ("taskfact" if name == "fact" else f"rollup{name}"),
                reverse_sql=migrations.RunSQL.noop,
            )
            for name in _TABLES
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0017_removals"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                condition=models.Q(("actor__startswith", "person:")),
                fields=["actor", "id"],
                name="workflows_audit_entry_people",
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                condition=models.Q(
                    (
                        "kind__in",
                        (
                            "instance.completed",
                            "instance.started",
                            "sla.started",
                            "sla.stopped",
                            "step.activated",
                            "step.claimed",
                            "step.completed",
                            "step.fired",
                            "step.joined",
                            "step.ready",
                            "step.waiting",
                            "task.begun",
                            "task.claimed",
                            "task.claimed_ahead",
                            "task.decided",
                            "task.opened",
                            "task.released",
                            "timer.fired",
                            "verdict.held",
                            "verdict.released",
                            "verdict.submitted",
                        ),
                    ),
                    _negated=True,
                ),
                fields=["kind", "id"],
                name="workflows_audit_entry_rare",
            ),
        ),
    ]

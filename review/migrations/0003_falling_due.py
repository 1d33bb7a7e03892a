"""What falls due is counted from an index alone."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("review", "0002_new_calendars")]

    operations = [
        migrations.RemoveIndex(model_name="task", name="review_task_due_soon"),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                fields=["due_at", "id"],
                condition=Q(
                    state__in=["OPEN", "CLAIMED"],
                    breached_at__isnull=True,
                    due_at__isnull=False,
                ),
                include=["queue", "instance"],
                name="review_task_falls_due",
            ),
        ),
    ]

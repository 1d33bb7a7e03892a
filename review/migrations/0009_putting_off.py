"""Let a skip say until when; what was skipped before stays put off for its seven days."""

import datetime

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0008_notifications"),
    ]

    operations = [
        migrations.AddField(
            model_name="skip",
            name="until_at",
            field=models.DateTimeField(
                db_default=models.expressions.CombinedExpression(
                    django.db.models.functions.datetime.Now(),
                    "+",
                    models.Value(datetime.timedelta(days=7)),
                )
            ),
        ),
        migrations.RunSQL(
            sql="UPDATE review_skip SET until_at = skipped_at + interval '7 days'",
            reverse_sql=migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name="skip",
            constraint=models.CheckConstraint(
                condition=models.Q(until_at__gt=models.F("skipped_at")),
                name="review_skip_until_after_skipped",
            ),
        ),
    ]

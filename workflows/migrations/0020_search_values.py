from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0016_secrets"),
    ]

    operations = [
        migrations.CreateModel(
            name="SearchValue",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("instance_id", models.UUIDField()),
                ("name", models.CharField(max_length=100)),
                ("text", models.CharField(default="", max_length=200)),
                (
                    "number",
                    models.DecimalField(decimal_places=12, max_digits=38, null=True),
                ),
                ("moment", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("text", ""), _negated=True),
                        fields=["name", "text"],
                        name="workflows_searchvalue_text",
                        opclasses=["varchar_ops", "varchar_pattern_ops"],
                    ),
                    models.Index(
                        condition=models.Q(("number__isnull", False)),
                        fields=["name", "number"],
                        name="workflows_searchvalue_number",
                    ),
                    models.Index(
                        condition=models.Q(("moment__isnull", False)),
                        fields=["name", "moment"],
                        name="workflows_searchvalue_moment",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("instance_id", "name"),
                        name="workflows_searchvalue_once",
                    )
                ],
            },
        ),
    ]

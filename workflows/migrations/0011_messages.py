"""Keep who waits for messages and signals, and the messages published."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0010_circuits"),
    ]

    operations = [
        migrations.CreateModel(
            name="Message",
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
                ("name", models.CharField(max_length=200)),
                ("key", models.CharField(default="", max_length=200)),
                ("message_id", models.CharField(default="", max_length=200)),
                ("variables", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("BUFFERED", "Buffered"),
                            ("CORRELATED", "Correlated"),
                            ("EXPIRED", "Expired"),
                        ],
                        max_length=20,
                    ),
                ),
                ("published_at", models.DateTimeField()),
                ("published_by", models.CharField(max_length=200)),
                ("initiator", models.CharField(max_length=200)),
                ("source_instance_id", models.UUIDField(null=True)),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("instance_id", models.UUIDField(null=True)),
                ("node_id", models.CharField(default="", max_length=200)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "BUFFERED")),
                        fields=["name", "key", "id"],
                        name="workflows_message_match",
                    ),
                    models.Index(
                        condition=models.Q(("state", "BUFFERED")),
                        fields=["id"],
                        name="workflows_message_buffered",
                    ),
                    models.Index(
                        condition=models.Q(("state", "BUFFERED")),
                        fields=["expires_at"],
                        name="workflows_message_expires",
                    ),
                    models.Index(
                        condition=models.Q(("ended_at__isnull", False)),
                        fields=["ended_at"],
                        name="workflows_message_ended",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q((
                            "state__in",
                            ["BUFFERED", "CORRELATED", "EXPIRED"],
                        )),
                        name="workflows_message_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state", "BUFFERED")),
                            models.Q(
                                models.Q(("state", "BUFFERED"), _negated=True),
                                ("ended_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="workflows_message_ended_at_when_ended",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("instance_id__isnull", False), ("state", "CORRELATED")
                            ),
                            models.Q(
                                models.Q(("state", "CORRELATED"), _negated=True),
                                ("instance_id__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="workflows_message_receiver_when_correlated",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("message_id", ""), _negated=True),
                        fields=("name", "message_id"),
                        name="workflows_message_id_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MessageStart",
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
                ("definition_key", models.CharField(max_length=100)),
                ("process_id", models.CharField(max_length=200)),
                ("name", models.CharField(max_length=200)),
                ("key", models.CharField(max_length=200)),
                ("instance_id", models.UUIDField(unique=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("name", "key", "definition_key", "process_id"),
                        name="workflows_message_start_one_at_a_time",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Subscription",
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
                (
                    "kind",
                    models.CharField(
                        choices=[("MESSAGE", "Message"), ("SIGNAL", "Signal")],
                        max_length=20,
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("key", models.CharField(default="", max_length=200)),
                ("instance_id", models.UUIDField(null=True)),
                ("step_id", models.BigIntegerField(null=True)),
                ("definition_id", models.BigIntegerField(null=True)),
                ("definition_key", models.CharField(default="", max_length=100)),
                ("process_id", models.CharField(default="", max_length=200)),
                ("node_id", models.CharField(max_length=200)),
                ("once", models.BooleanField()),
                ("opened_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["kind", "name", "key", "id"],
                        name="workflows_subscription_match",
                    ),
                    models.Index(
                        condition=models.Q(("instance_id__isnull", False)),
                        fields=["instance_id"],
                        name="workflows_subscription_inst",
                    ),
                    models.Index(
                        condition=models.Q(("definition_id__isnull", False)),
                        fields=["definition_key"],
                        name="workflows_subscription_starts",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["MESSAGE", "SIGNAL"])),
                        name="workflows_subscription_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("definition_id__isnull", True),
                                ("instance_id__isnull", False),
                            ),
                            models.Q(
                                ("definition_id__isnull", False),
                                ("instance_id__isnull", True),
                                ("key", ""),
                                ("once", False),
                                ("step_id__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="workflows_subscription_has_one_owner",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind", "MESSAGE"), ("key", ""), _connector="OR"
                        ),
                        name="workflows_subscription_signals_have_no_key",
                    ),
                ],
            },
        ),
    ]

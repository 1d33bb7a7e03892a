"""Bind people, rights, queues and calendars to entries of the installation."""

from django.db import migrations

from workflows.migrations_support import governed_table


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0002_audit_protection"),
        ("workflows", "0007_installation_notices"),
    ]
    operations = [
        governed_table("review_person"),
        # Signing in writes to an account too, and may renew the hash of its password.
        governed_table(
            "review_user",
            columns=("person_id", "username", "is_active", "is_superuser"),
        ),
        governed_table("review_rolegrant"),
        governed_table("review_queue"),
        governed_table("review_reasoncode"),
        governed_table("review_calendar"),
        governed_table("review_calendarholiday"),
    ]

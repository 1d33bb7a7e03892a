"""What passes cases without people takes two persons from the first version on.

Not validated: a version that one person set before stays in force until it is replaced.
"""

from django.db import migrations

_ADD = """
    ALTER TABLE review_policy ADD CONSTRAINT review_policy_automation_by_two_persons
    CHECK (
        kind <> 'GRID' OR state NOT IN ('APPROVED', 'IN_FORCE')
        OR NOT jsonb_path_exists(body, '$.rows[*].control ? (@ == "auto")')
        OR (author_id IS NOT NULL AND settled_by_id IS NOT NULL
            AND author_id <> settled_by_id)
    ) NOT VALID
"""
_DROP = """
    ALTER TABLE review_policy DROP CONSTRAINT review_policy_automation_by_two_persons
"""


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0011_quorum_gaps"),
    ]

    operations = [migrations.RunSQL(sql=_ADD, reverse_sql=_DROP)]

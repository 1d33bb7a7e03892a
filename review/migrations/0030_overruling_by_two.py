"""Clocks over the steps' words and ladders that end tasks take two persons at once.

From the first version on: the words of a step were deployed by two, and what a clock
ends nobody judged.
"""

from django.db import migrations

_ADD = """
    ALTER TABLE review_policy ADD CONSTRAINT review_policy_overruling_by_two_persons
    CHECK (
        state NOT IN ('APPROVED', 'IN_FORCE')
        OR NOT (
            (kind = 'CLOCKS'
             AND jsonb_path_exists(body, '$.rows[*].where ? (@ == "over the step")'))
            OR (kind = 'LADDER' AND jsonb_path_exists(
                body, '$.rungs[*].acts[*] ? (@ == "reject" || @ == "return")')))
        OR (author_id IS NOT NULL AND settled_by_id IS NOT NULL
            AND author_id <> settled_by_id)
    )
"""
_DROP = """
    ALTER TABLE review_policy DROP CONSTRAINT review_policy_overruling_by_two_persons
"""


class Migration(migrations.Migration):
    dependencies = [("review", "0031_proposed_changes")]

    operations = [migrations.RunSQL(sql=_ADD, reverse_sql=_DROP)]

"""Refuse, at COMMIT, to change what tasks show, or to remove rows, without an entry."""

from django.db import migrations

from workflows.migrations_support import (
    kin_table,
    removals_need_entry,
    table_stays,
)

# Those that are only ever added to need nothing more.
_AUDITED = (
    "review_task",
    "review_seat",
    "review_informationrequest",
    "review_intervention",
    "review_instanceclock",
)
_GOVERNED = (
    "review_person",
    "review_user",
    "review_rolegrant",
    "review_queue",
    "review_reasoncode",
    "review_calendar",
    "review_calendarholiday",
    "review_skill",
    "review_absence",
    "review_authority",
    "review_delegation",
    "review_breakglass",
    "review_policy",
    "review_chathook",
)


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0013_erasing"),
        ("workflows", "0017_removals"),
    ]
    operations = [
        *(removals_need_entry(table) for table in _AUDITED),
        kin_table("review_taskcontent", column="task_id", parent="review_task"),
        *(table_stays(table) for table in _GOVERNED),
    ]

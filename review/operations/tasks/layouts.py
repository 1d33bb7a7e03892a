"""How a person has laid out the task page: kept with the preferences, no entry needed."""

from typing import Final

from django.db import connection

from review.models import Person
from workflows.operations.errors import Invalid

SPLITS: Final = range(25, 75, 5)
"""Per cent of the width that sources have beside the change, in steps."""
DEFAULT_SPLIT: Final = 45

_KEEP: Final = """
    INSERT INTO review_preference (person_id, zone, theme, density, single_keys, keys,
        wellness, columns)
    VALUES (%(person)s, %(zone)s, 'auto', 'standard', true, '{}', '{}',
        jsonb_build_object('task', jsonb_build_object('split', %(split)s::int)))
    ON CONFLICT (person_id) DO UPDATE
    SET columns = jsonb_set(
        review_preference.columns, '{task}',
        coalesce(review_preference.columns -> 'task', '{}'::jsonb)
            || jsonb_build_object('split', %(split)s::int)
    )
"""


def keep_split(*, person: Person, split: int, zone: str) -> None:
    """Keep how wide a person has the sources; `zone` serves who has chosen nothing.

    Raises Invalid for a width that is none of SPLITS.
    """
    if split not in SPLITS:
        raise Invalid(
            f"Sources have {SPLITS[0]} to {SPLITS[-1]} per cent, in steps of 5."
        )
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, {"person": person.id, "split": split, "zone": zone})


def read_split(columns: object) -> int:
    """Return the width kept among a person's preferences, or the default."""
    kept = columns.get("task") if isinstance(columns, dict) else None
    split = kept.get("split") if isinstance(kept, dict) else None
    return split if isinstance(split, int) and split in SPLITS else DEFAULT_SPLIT

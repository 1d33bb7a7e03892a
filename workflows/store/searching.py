"""Values by which instances are found, written with the variables they come from.

They hold nothing of their own: `rebuild_search_values` makes them anew.
"""

from collections.abc import Sequence
from uuid import UUID

from workflows.core.engine.run import Run
from workflows.core.searching import Value, list_values
from workflows.driver import fetch, run

# One statement: what an instance has no more goes, what is new comes, what is equal
# stays untouched. Both see the table as it was, and no row is in both.
_KEEP = """
    WITH v AS MATERIALIZED (
        SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::numeric[],
                             %s::timestamptz[])
        AS v(instance_id, name, text, number, moment)
    ), gone AS (
        DELETE FROM workflows_searchvalue s
        WHERE s.instance_id = ANY(%s::uuid[]) AND NOT EXISTS (
            SELECT FROM v WHERE v.instance_id = s.instance_id AND v.name = s.name)
    )
    INSERT INTO workflows_searchvalue AS s (instance_id, name, text, number, moment)
    SELECT * FROM v
    ON CONFLICT (instance_id, name) DO UPDATE
    SET text = EXCLUDED.text, number = EXCLUDED.number, moment = EXCLUDED.moment
    WHERE (s.text, s.number, s.moment)
        IS DISTINCT FROM (EXCLUDED.text, EXCLUDED.number, EXCLUDED.moment)
"""
_READ = """
    SELECT instance_id, name, text, number, moment FROM workflows_searchvalue
    WHERE instance_id = ANY(%s)
"""


def save(runs: Sequence[Run], *, moved: bool = False) -> None:
    """Keep the values of instances whose variables changed; of all that `moved`.

    Those moved to a version that may declare other variables than before.
    """
    touched = [
        one
        for one in runs
        if moved
        or (
            one.plan.searchable and (one.instance.new or one.instance.variables_changed)
        )
    ]
    if touched:
        keep({
            one.instance.id: list(
                list_values(one.instance.variables, one.plan.searchable)
            )
            for one in touched
        })


def keep(values: dict[UUID, list[Value]]) -> None:
    """Let the instances have these values and no others."""
    rows = [
        (instance_id, *value)
        for instance_id, theirs in values.items()
        for value in theirs
    ]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 5
    run(_KEEP, [*columns, list(values)])


def read(instance_ids: Sequence[UUID]) -> dict[UUID, set[Value]]:
    """Return the values that are kept of instances."""
    found: dict[UUID, set[Value]] = {one: set() for one in instance_ids}
    for instance_id, *value in fetch(_READ, [list(instance_ids)]):
        found[instance_id].add(Value(*value))
    return found

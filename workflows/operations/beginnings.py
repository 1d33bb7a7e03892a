"""New instances as working copies: what they begin with, and their first entry."""

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

from workflows import audit, holding
from workflows.core.actors import Actor
from workflows.core.canonical import CanonicalError
from workflows.core.engine.personal import digest_variables
from workflows.core.engine.run import Run
from workflows.core.engine.state import InstanceRow
from workflows.core.payloads import Values
from workflows.core.states import InstanceState
from workflows.ids import new_instance_id, step_numbers
from workflows.operations import plans
from workflows.operations.errors import Invalid
from workflows.store import disclosures, payloads


def begin(
    *,
    definition_id: int,
    process_id: str,
    variables: Mapping[str, object],
    actor: Actor,
    initiator: str,
    now: dt.datetime,
    business_key: str = "",
    occurred_at: dt.datetime | None = None,
    parent: tuple[UUID, int] | None = None,
    depth: int = 0,
) -> Run:
    """Return a new instance that has its first entry and has heard nothing yet.

    `parent` is the calling instance and step. Raises Invalid for variables that
    have no JSON form.
    """
    instance_id = new_instance_id(now)
    row = InstanceRow(
        id=instance_id,
        definition_id=definition_id,
        process_id=process_id,
        state=InstanceState.ACTIVE,
        business_key=business_key,
        variables=_fold(variables),
        initiator=initiator,
        parent_instance_id=parent[0] if parent else None,
        parent_step_id=parent[1] if parent else None,
        depth=depth,
        version=0,
        head=audit.Head(chain=instance_id),
        started_at=now,
        occurred_at=occurred_at,
        new=True,
    )
    run = Run(
        plan=plans.plan_for(definition_id, process_id),
        instance=row,
        steps=(),
        now=now,
        ids=step_numbers(),
        occurred_at=occurred_at,
    )
    run.holds = holding.once()
    disclosures.load([run])
    run.add([_started(run, actor=actor)])
    return run


def _fold(variables: Mapping[str, object]) -> Values:
    try:
        return payloads.new_values(variables)
    except CanonicalError as error:
        raise Invalid(f"The variables cannot be kept as JSON: {error}") from error


def _started(run: Run, *, actor: Actor) -> audit.Draft:
    row = run.instance
    try:
        variables = digest_variables(run)
    except CanonicalError as error:
        raise Invalid(f"The variables cannot be kept as JSON: {error}") from error
    detail: dict[str, object] = {
        "definition": plans.package_for(row.definition_id).label,
        "variables": variables,
    }
    if row.business_key:
        detail["business_key"] = row.business_key
    if row.parent_instance_id is not None:
        detail["parent"] = str(row.parent_instance_id)
    return audit.Draft(
        kind="instance.started",
        actor=actor,
        detail=detail,
        occurred_at=row.occurred_at,
    )

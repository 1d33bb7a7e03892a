"""Skip steps, move tokens and edit variables of running instances.

What each does to the run is in core/engine/interventions.py. Suspending, resuming and
cancelling are in instances.py, retrying in incidents.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from workflows import inbox, schemas, store
from workflows.core.actors import Actor
from workflows.core.canonical import CanonicalError, dumps
from workflows.core.engine import interventions
from workflows.core.engine.hearing import hear
from workflows.core.engine.interventions import (
    NotPossible,
    Target,
    find_skip_refusal,
    find_source_refusal,
    is_waiting_join,
)
from workflows.core.engine.run import Run, StepGone
from workflows.core.states import (
    FINAL_INSTANCE_STATES,
    LIVE_STEP_STATES,
    InstanceState,
    StepState,
)
from workflows.models import Instance, Step
from workflows.operations import definitions, plans
from workflows.operations.advance import settle_and_save
from workflows.operations.errors import (
    Conflict,
    Invalid,
    NotFound,
    Stale,
    check_reason,
)

LONGEST_NAME: Final = 200
MOST_VARIABLES: Final = 200

# People who take, judge or discuss a task do not move the run; everything that does
# leaves an entry of another kind (database triggers see to it).
_ASIDE: Final = ("task.", "verdict.", "sla.", "intervention.", "evidence.")
STANDING_KINDS: Final = rf"^({'|'.join(_ASIDE)})".replace(".", r"\.")
"""The kinds, as a regular expression, of entries that do not change a standing."""
_STANDING: Final = """
    SELECT seq FROM workflows_auditentry
    WHERE chain = %s AND kind !~ %s ORDER BY seq DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What can be done with a live step: sentences where something cannot be done."""

    node_id: str
    name: str
    skip_refusal: str
    move_refusal: str
    is_join: bool
    targets: Sequence[Target]


def get_standing(instance_id: UUID) -> int:
    """Return the place of the last entry that told of a change of the run itself.

    Two equal answers mean that nothing of the run has changed between them.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [instance_id, STANDING_KINDS])
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def is_move(kind: str) -> bool:
    """Tell whether an entry of this kind changes the standing of its instance."""
    return not kind.startswith(_ASIDE)


def check_standing(instance_id: UUID, seen: int) -> None:
    """Refuse an act on a run that is not as it was seen. Raises Stale.

    The caller holds the instance's row, so that nothing moves after the look.
    """
    if get_standing(instance_id) != seen:
        raise Stale(
            "The instance has changed since you looked at it;"
            " look at what happened and decide again."
        )


@transaction.atomic
def skip(
    *,
    instance_id: UUID,
    step_id: int,
    actor: Actor,
    reason: str,
    variables: Mapping[str, Any] | None = None,
    fire: bool = False,
) -> None:
    """End a live step as skipped; its tokens go on as if it had completed.

    What hangs on it (tasks, timers, children, incidents) is withdrawn. `fire` lets a
    join go on with what has arrived. Raises NotFound; Conflict when the step or the
    instance has ended or cannot be skipped; Invalid without a reason.
    """
    run = _load(instance_id, reason)
    wish = interventions.Skip(
        step_id=step_id,
        actor=actor,
        reason=reason,
        variables=_read_values(variables or {}),
        fire=fire,
    )
    _intervene(run, wish)


@transaction.atomic
def move(
    *,
    instance_id: UUID,
    step_id: int,
    targets: Sequence[str],
    actor: Actor,
    reason: str,
) -> None:
    """Take a live step's token to one or several other nodes of the process.

    Raises as `skip` does; Conflict says why a node cannot be entered.
    """
    run = _load(instance_id, reason)
    wish = interventions.Move(
        step_id=step_id, targets=tuple(targets), actor=actor, reason=reason
    )
    _intervene(run, wish)


@transaction.atomic
def edit_variables(
    *,
    instance_id: UUID,
    actor: Actor,
    reason: str,
    assign: Mapping[str, Any] | None = None,
    remove: Sequence[str] = (),
    scope_id: int | None = None,
    seen: int | None = None,
) -> None:
    """Set and remove variables of an instance, or of a scope that holds its own.

    Values that the start form knows must meet it. `seen` is the standing the caller
    looked at. The entry keeps names and digests, never values. Raises NotFound; Stale
    when something moved since; Conflict; Invalid.
    """
    run = _load(instance_id, reason)
    if seen is not None:
        check_standing(instance_id, seen)
    values = _read_values(assign or {})
    if not values and not remove:
        raise Invalid("Say which variables change; nothing is set and none removed.")
    if both := sorted(values.keys() & set(remove)):
        raise Invalid(f"The variable {both[0]!r} is both set and removed; choose one.")
    if scope_id is None:
        _check_form(run, values, remove)
    wish = interventions.EditVariables(
        actor=actor,
        reason=reason,
        assign=values,
        remove=tuple(remove),
        scope_id=scope_id,
    )
    _intervene(run, wish)


def get_outlook(*, instance_id: UUID, step_id: int) -> Outlook:
    """Return what can be done with a live step. Raises NotFound, Conflict.

    A look without a lock: whether it still holds is asked again by the act itself.
    """
    instance = Instance.objects.filter(pk=instance_id).first()
    if instance is None:
        raise NotFound(f"There is no instance {instance_id}.")
    step = Step.objects.filter(pk=step_id, instance_id=instance_id).first()
    if step is None:
        raise NotFound(f"There is no step {step_id} of this instance.")
    state = StepState(step.state)
    if state not in LIVE_STEP_STATES:
        raise Conflict(f"The step has ended already ({state.value}).")
    plan = plans.plan_for(instance.definition_id, instance.process_id)
    planned = plan.nodes[step.node_id]
    return Outlook(
        node_id=planned.node.id,
        name=planned.node.name,
        skip_refusal=find_skip_refusal(planned, state, step.data, fire=True),
        move_refusal=find_source_refusal(planned, step.data),
        is_join=is_waiting_join(planned, state, step.data),
        targets=interventions.list_targets(plan, planned.node),
    )


def _load(instance_id: UUID, reason: str) -> Run:
    check_reason(reason)
    run = _lock(instance_id)
    if run.instance.state in FINAL_INSTANCE_STATES:
        raise Conflict(f"The instance has ended already ({run.instance.state.value}).")
    return run


def _lock(instance_id: UUID) -> Run:
    runs = store.load_runs([instance_id], plan_for=plans.plan_for)
    if not runs:
        raise NotFound(f"There is no instance {instance_id}.")
    return runs[0]


def _intervene(run: Run, wish: interventions.Intervention) -> None:
    """Let a run hear an intervention and save it; a suspended one stays suspended.

    Its tokens are put down where they were sent, without a budget to go further, and
    go on when the instance is resumed.
    """
    held = run.instance.state is InstanceState.SUSPENDED
    if held:
        run.instance.state = InstanceState.ACTIVE
        run.budget = 0
    try:
        hear(run, wish)
    except StepGone as error:
        raise Conflict("The step has ended in the meantime.") from error
    except NotPossible as error:
        raise Conflict(str(error), code="not-possible") from error
    if held and run.instance.state is InstanceState.ACTIVE:
        run.instance.state = InstanceState.SUSPENDED
    settle_and_save([run])
    if held:
        inbox.park([run.instance.id])


def _read_values(values: Mapping[str, Any]) -> dict[str, Any]:
    if len(values) > MOST_VARIABLES:
        raise Invalid(f"Change at most {MOST_VARIABLES} variables at once.")
    for name in values:
        if not name.strip() or len(name) > LONGEST_NAME:
            raise Invalid(
                f"A variable's name has 1 to {LONGEST_NAME} characters,"
                f" {name[:40]!r} has not."
            )
    try:
        dumps(values)
    except CanonicalError as error:
        raise Invalid(f"The values cannot be kept as JSON: {error}") from error
    return dict(values)


def _check_form(run: Run, assign: Mapping[str, Any], remove: Sequence[str]) -> None:
    """Hold edited variables to the start form, where it says something of them."""
    package = definitions.compiled(run.instance.definition_id)
    form = package.start_form
    if not form or run.instance.process_id != package.main.id:
        return
    for name in remove:
        if name in form.get("required", ()):
            raise Invalid(f"The start form requires {name!r}; give it another value.")
    known = form.get("properties", {})
    part: dict[str, Any] = {
        key: form[key] for key in ("$defs", "definitions") if key in form
    }
    part["properties"] = {name: known[name] for name in assign if name in known}
    for mismatch in schemas.list_mismatches(part, dict(assign)):
        raise Invalid(
            f"{mismatch.path.lstrip('/')} does not meet the start form:"
            f" {mismatch.message}"
        )

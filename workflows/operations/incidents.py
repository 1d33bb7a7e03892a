"""The dead-letter desk: every act on an incident is audited and has a reason."""

from collections.abc import Callable, Mapping
from uuid import UUID

from django.db import transaction

from workflows import audit, dispatch, inbox, store
from workflows.core.actors import Actor
from workflows.core.engine import stimuli
from workflows.core.engine.hearing import hear
from workflows.core.engine.run import Run, StepGone
from workflows.core.states import IncidentState, InstanceState, Resolution
from workflows.models import Incident
from workflows.operations import plans
from workflows.operations.advance import settle_and_save
from workflows.operations.errors import Conflict, Invalid, NotFound, check_reason


def retry(*, incident_id: int, actor: Actor, reason: str) -> None:
    """Try the step again with a fresh set of attempts.

    Raises NotFound, Conflict when somebody resolved it before, Invalid without a
    reason; the same for the other acts.
    """
    _act(
        incident_id,
        actor=actor,
        reason=reason,
        resolution=Resolution.RETRIED,
        stimulus=lambda step_id: stimuli.Retry(
            step_id=step_id, actor=actor, reason=reason
        ),
    )


def edit_input(
    *, incident_id: int, variables: Mapping[str, object], actor: Actor, reason: str
) -> None:
    """Change variables of the instance, then try the step again."""
    if not variables:
        raise Invalid("Say which variables change; the input is empty.")
    _act(
        incident_id,
        actor=actor,
        reason=reason,
        resolution=Resolution.INPUT_EDITED,
        stimulus=lambda step_id: stimuli.Retry(
            step_id=step_id, actor=actor, reason=reason, variables=variables
        ),
    )


def resolve_by_hand(
    *, incident_id: int, output: Mapping[str, object], actor: Actor, reason: str
) -> None:
    """Declare the step done outside the system, with the output it would have had."""
    _act(
        incident_id,
        actor=actor,
        reason=reason,
        resolution=Resolution.BY_HAND,
        stimulus=lambda step_id: stimuli.Done(
            step_id=step_id, output=output, actor=actor, detail={"by_hand": reason}
        ),
    )


def is_of(incident_id: int, *, instance_id: UUID) -> bool:
    """Tell whether the incident is one of this instance."""
    return Incident.objects.filter(pk=incident_id, instance_id=instance_id).exists()


@transaction.atomic
def _act(
    incident_id: int,
    *,
    actor: Actor,
    reason: str,
    resolution: Resolution,
    stimulus: Callable[[int], stimuli.Stimulus],
) -> None:
    check_reason(reason)
    incident, run = _load(incident_id)
    if incident.step_id is None and resolution is not Resolution.RETRIED:
        raise Conflict("This incident belongs to no step; retry it or cancel the case.")
    detail: dict[str, object] = {
        "incident": incident.id,
        "resolution": resolution.value,
        "reason": reason,
    }
    run.add([
        audit.Draft(
            kind="incident.resolved",
            actor=actor,
            detail=detail,
            step_id=incident.step_id,
        )
    ])
    # Before the step moves: it may open a new incident in this same transaction,
    # and there is only ever one open for a step.
    Incident.objects.filter(pk=incident.id).update(
        state=IncidentState.RESOLVED.value,
        resolved_at=run.now,
        resolved_by=actor.ref,
        resolution=resolution.value,
        reason=reason,
        audit_seq=run.instance.head.seq + 1,
    )
    if incident.step_id is None:
        inbox.unpark(run.instance.id)
        dispatch.ring_after_commit("engine")
    else:
        _hear(run, stimulus(incident.step_id))
    settle_and_save([run])


def _hear(run: Run, stimulus: stimuli.Stimulus) -> None:
    try:
        hear(run, stimulus)
    except StepGone as error:
        raise Conflict("The step has ended in the meantime.") from error


def _load(incident_id: int) -> tuple[Incident, Run]:
    instance_id: UUID | None = (
        Incident.objects
        .filter(pk=incident_id)
        .values_list("instance_id", flat=True)
        .first()
    )
    if instance_id is None:
        raise NotFound(f"There is no incident {incident_id}.")
    (run,) = store.load_runs([instance_id], plan_for=plans.plan_for)
    incident = Incident.objects.select_for_update().get(pk=incident_id)
    if incident.state != IncidentState.OPEN.value:
        raise Conflict(f"Incident {incident_id} has been resolved already.")
    if run.instance.state is not InstanceState.ACTIVE:
        raise Conflict(f"The instance is {run.instance.state.value.lower()}.")
    return incident, run

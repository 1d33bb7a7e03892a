"""Instances that the engine itself cannot advance: an incident that has no step."""

from uuid import UUID

from django.db import transaction

from workflows import audit, inbox, store
from workflows.core.actors import ENGINE
from workflows.core.states import IncidentState, InstanceState
from workflows.models import Incident
from workflows.operations import plans

CODE = "ENGINE_FAULT"


@transaction.atomic
def open_fault(instance_id: UUID, error: Exception) -> None:
    """Open an incident of the instance and put aside what it has to hear.

    Without this a mistake in a package or in the code would be tried for ever and be
    seen in the logs only. A retry of the incident brings everything back.
    """
    (run,) = store.load_runs([instance_id], plan_for=plans.plan_for)
    standing = Incident.objects.filter(
        instance_id=instance_id, step=None, state=IncidentState.OPEN.value
    )
    if run.instance.state is not InstanceState.ACTIVE or standing.exists():
        return
    message = f"{type(error).__name__}: {error}"[:2000]
    run.add([
        audit.Draft(
            kind="incident.opened",
            actor=ENGINE,
            detail={"code": CODE, "message": message},
        )
    ])
    store.save_runs([run])
    Incident.objects.create(
        instance_id=instance_id,
        step=None,
        state=IncidentState.OPEN.value,
        code=CODE,
        message=message,
        attempts=0,
        opened_at=run.now,
        audit_seq=run.instance.head.seq,
    )
    inbox.shelve(instance_id)

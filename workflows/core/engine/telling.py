"""What an instance lets the instances that it called, or that called it, hear."""

from collections.abc import Mapping

from workflows.core.engine.state import Changes, InstanceRow, StepRow, Tell
from workflows.core.engine.stimuli import StimulusKind
from workflows.core.states import InstanceState


def tell_child(changes: Changes, step: StepRow, reason: str) -> None:
    """Ask the instance that a call activity started to end."""
    changes.tells.append(
        Tell(
            instance_id=step.data["child"],
            kind=StimulusKind.CANCEL,
            step_id=None,
            data={"reason": reason},
        )
    )


def tell_end(
    changes: Changes,
    instance: InstanceRow,
    state: InstanceState,
    detail: Mapping[str, object],
) -> None:
    """Let the caller hear how this instance ended; why a person did so stays here."""
    ended_well = state is InstanceState.COMPLETED
    data: dict[str, object] = {"state": state.value}
    if ended_well:
        data["variables"] = instance.variables
    else:
        data["code"] = detail.get("code", state.value)
        data["message"] = detail.get("message", detail.get("because", ""))
    kind = StimulusKind.CHILD_ENDED if ended_well else StimulusKind.CHILD_FAILED
    tell_parent(changes, instance, kind, data)


def tell_parent(
    changes: Changes,
    instance: InstanceRow,
    kind: StimulusKind,
    data: Mapping[str, object],
) -> None:
    """Let the instance that called this one hear something, if there is one."""
    if instance.parent_instance_id is not None:
        changes.tells.append(
            Tell(
                instance_id=instance.parent_instance_id,
                kind=kind,
                step_id=instance.parent_step_id,
                data=data,
            )
        )

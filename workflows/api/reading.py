"""Instances and steps as the API shows them. Reads only."""

from typing import Any
from uuid import UUID

from django.db.models import TextField
from django.db.models.functions import Cast

from workflows.models import Instance, Step
from workflows.operations.errors import NotFound
from workflows.store import parse_json

_STEP_COLUMNS = (
    "id",
    "node_id",
    "kind",
    "name",
    "state",
    "attempt",
    "error",
    "started_at",
    "ended_at",
)


def get_instance(instance_id: UUID) -> dict[str, Any]:
    """Return an instance as JSON values, numbers exact. Raises NotFound."""
    instance = (
        Instance.objects
        .filter(pk=instance_id)
        .select_related("definition")
        .defer("variables")
        .annotate(variables_text=Cast("variables", TextField()))
        .first()
    )
    if instance is None:
        raise _missing(instance_id)
    definition = instance.definition
    return {
        "id": str(instance.id),
        "state": instance.state,
        "definition": {
            "key": definition.key,
            "version": definition.version,
            "name": definition.name,
        },
        "business_key": instance.business_key,
        "initiator": instance.initiator,
        "variables": parse_json(instance.variables_text),
        "end_node_id": instance.end_node_id,
        "started_at": instance.started_at.isoformat(),
        "ended_at": instance.ended_at.isoformat() if instance.ended_at else None,
        "parent_instance_id": (
            str(instance.parent_instance_id) if instance.parent_instance_id else None
        ),
    }


def list_steps(instance_id: UUID, *, after: int, limit: int) -> dict[str, Any]:
    """Return a page of steps, oldest first. Raises NotFound."""
    if not Instance.objects.filter(pk=instance_id).exists():
        raise _missing(instance_id)
    found = Step.objects.filter(instance_id=instance_id, id__gt=after).order_by("id")
    rows = list(found.values(*_STEP_COLUMNS)[: limit + 1])
    items = [
        {
            **row,
            "started_at": row["started_at"].isoformat(),
            "ended_at": row["ended_at"].isoformat() if row["ended_at"] else None,
        }
        for row in rows[:limit]
    ]
    return {
        "items": items,
        "next": rows[limit - 1]["id"] if len(rows) > limit else None,
    }


def _missing(instance_id: UUID) -> NotFound:
    return NotFound(f"There is no instance {instance_id}.")

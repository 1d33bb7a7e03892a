"""The bodies of the API, in and out. Unknown keys are refused, never dropped."""

from typing import Any

from rest_framework import serializers

from workflows.core.states import InstanceState, StepState


class StrictSerializer(serializers.Serializer[Any]):
    """A body in which every key must be known."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse unknown keys, then read as usual."""
        if isinstance(data, dict):
            unknown = [key for key in data if key not in self.fields]
            if unknown:
                known = ", ".join(self.fields)
                raise serializers.ValidationError({
                    key: [f"This key is not known; known are: {known}."]
                    for key in unknown
                })
        return super().to_internal_value(data)


class StartPayload(StrictSerializer):
    """What starts an instance."""

    definition = serializers.CharField(
        max_length=100, help_text="Key of a deployed definition."
    )
    version = serializers.CharField(
        max_length=50,
        required=False,
        help_text="Semantic version; without it the newest one in force.",
    )
    business_key = serializers.CharField(
        max_length=200,
        required=False,
        default="",
        allow_blank=True,
        help_text="Your own name for the case, e.g. a declaration's number.",
    )
    variables = serializers.DictField(
        required=False,
        default=dict,
        help_text="The payload; it must meet the schema of the start form, if any.",
    )


class DefinitionBody(serializers.Serializer[Any]):
    """Which definition an instance runs on."""

    key = serializers.CharField()
    version = serializers.CharField()
    name = serializers.CharField()


class StartedBody(serializers.Serializer[Any]):
    """An instance that was just started."""

    id = serializers.UUIDField()
    state = serializers.CharField()
    definition = serializers.CharField(help_text="Key and version.")
    url = serializers.CharField(help_text="Where to follow it.")


class InstanceBody(serializers.Serializer[Any]):
    """An instance as it stands."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=[state.value for state in InstanceState])
    definition = DefinitionBody()
    business_key = serializers.CharField()
    initiator = serializers.CharField(help_text="Reference of who started it.")
    variables = serializers.DictField()
    end_node_id = serializers.CharField(help_text="Id of the end event it reached.")
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    parent_instance_id = serializers.UUIDField(allow_null=True)


class StepBody(serializers.Serializer[Any]):
    """One activation of a BPMN node."""

    id = serializers.IntegerField()
    node_id = serializers.CharField()
    kind = serializers.CharField(help_text="The BPMN element's name.")
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=[state.value for state in StepState])
    attempt = serializers.IntegerField()
    error = serializers.CharField()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class StepsBody(serializers.Serializer[Any]):
    """A page of steps, oldest first."""

    items = StepBody(many=True)
    next = serializers.IntegerField(
        allow_null=True, help_text="Pass as `after` to read on; null at the end."
    )


class MismatchBody(serializers.Serializer[Any]):
    """One place where a body is wrong."""

    path = serializers.CharField(help_text="JSON Pointer (RFC 6901).")
    message = serializers.CharField()


class ProblemBody(serializers.Serializer[Any]):
    """Problem details (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="A word that programs may rely on.")
    detail = serializers.CharField(help_text="What is wrong and what to do.")
    errors = MismatchBody(many=True, required=False)  # type: ignore[assignment]

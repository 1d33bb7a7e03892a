"""Who waits for messages and signals, and the messages that were published.

Neither table is under the trigger that asks for an audit entry of the same
transaction. A subscription is an index over live steps and deployed definitions:
both are audited, and it is written and removed with them. A message belongs to no
instance until it has a receiver: its only chain would be the installation's, and that
has one lock, so that ten thousand publishers would stand in one line. The entry is
written where a message has an effect: `message.received` in its receiver's chain, with
its number, its publisher and its variables' digest, and the throwing step's entry in
the chain of an instance that threw it. The row itself says who published it.
"""

from django.db import models

from workflows.core.correlation import MessageState, SubscriptionKind
from workflows.models.fields import choices, one_of


class Subscription(models.Model):
    """A wish to receive a message or a signal.

    It belongs to an instance (`step_id` null: its top), or to a definition whose start
    event waits. `once` ends with the first that comes.
    """

    kind = models.CharField(max_length=20, choices=choices(SubscriptionKind))
    name = models.CharField(max_length=200)
    key = models.CharField(max_length=200, default="")
    instance_id = models.UUIDField(null=True)
    step_id = models.BigIntegerField(null=True)
    definition_id = models.BigIntegerField(null=True)
    definition_key = models.CharField(max_length=100, default="")
    process_id = models.CharField(max_length=200, default="")
    node_id = models.CharField(max_length=200)
    once = models.BooleanField()
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [
            one_of("kind", SubscriptionKind, name="workflows_subscription_kind_known"),
            models.CheckConstraint(
                condition=models.Q(
                    instance_id__isnull=False, definition_id__isnull=True
                )
                | models.Q(
                    instance_id__isnull=True,
                    definition_id__isnull=False,
                    step_id__isnull=True,
                    key="",
                    once=False,
                ),
                name="workflows_subscription_has_one_owner",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="MESSAGE") | models.Q(key=""),
                name="workflows_subscription_signals_have_no_key",
            ),
        ]
        indexes = [
            models.Index(
                fields=["kind", "name", "key", "id"],
                name="workflows_subscription_match",
            ),
            models.Index(
                fields=["instance_id"],
                condition=models.Q(instance_id__isnull=False),
                name="workflows_subscription_inst",
            ),
            models.Index(
                fields=["definition_key"],
                condition=models.Q(definition_id__isnull=False),
                name="workflows_subscription_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.key}".rstrip()


class Message(models.Model):
    """A published message: buffered until it has its receiver or its time is out.

    `message_id` names it for its publisher; a second of the same name and id is
    ignored for as long as this row is kept. `instance_id` and `node_id` are the
    receiver. `initiator` is who counts as the beginner of an instance it starts.
    """

    name = models.CharField(max_length=200)
    key = models.CharField(max_length=200, default="")
    message_id = models.CharField(max_length=200, default="")
    variables = models.JSONField(default=dict)
    state = models.CharField(max_length=20, choices=choices(MessageState))
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=200)
    initiator = models.CharField(max_length=200)
    source_instance_id = models.UUIDField(null=True)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    instance_id = models.UUIDField(null=True)
    node_id = models.CharField(max_length=200, default="")

    class Meta:
        constraints = [
            one_of("state", MessageState, name="workflows_message_state_known"),
            models.CheckConstraint(
                condition=models.Q(state="BUFFERED", ended_at__isnull=True)
                | (~models.Q(state="BUFFERED") & models.Q(ended_at__isnull=False)),
                name="workflows_message_ended_at_when_ended",
            ),
            models.CheckConstraint(
                condition=models.Q(state="CORRELATED", instance_id__isnull=False)
                | (~models.Q(state="CORRELATED") & models.Q(instance_id__isnull=True)),
                name="workflows_message_receiver_when_correlated",
            ),
            models.UniqueConstraint(
                fields=["name", "message_id"],
                condition=~models.Q(message_id=""),
                name="workflows_message_id_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["name", "key", "id"],
                condition=models.Q(state="BUFFERED"),
                name="workflows_message_match",
            ),
            models.Index(
                fields=["id"],
                condition=models.Q(state="BUFFERED"),
                name="workflows_message_buffered",
            ),
            models.Index(
                fields=["expires_at"],
                condition=models.Q(state="BUFFERED"),
                name="workflows_message_expires",
            ),
            models.Index(
                fields=["ended_at"],
                condition=models.Q(ended_at__isnull=False),
                name="workflows_message_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.key}".rstrip()


class MessageStart(models.Model):
    """A running instance that a message of this name and key started.

    While the row stands, no other message of that name and key starts one of the same
    process; it goes with the end of the instance. Messages without a key have none.
    """

    definition_key = models.CharField(max_length=100)
    process_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    key = models.CharField(max_length=200)
    instance_id = models.UUIDField(unique=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name", "key", "definition_key", "process_id"],
                name="workflows_message_start_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.definition_key} by {self.name} {self.key}"

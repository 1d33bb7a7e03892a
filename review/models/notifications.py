"""Who was told what, by which way it goes out, and how people want to be told."""

import datetime as dt

from django.db import models
from django.db.models import F, Q

from review.core.notices.notices import (
    ChatKind,
    DeliveryState,
    Digest,
    Notice,
    Schedule,
)
from review.models.people import Person
from review.models.queues import Queue
from workflows.models.fields import choices, one_of

UNFINISHED = ["WAITING", "SENDING"]


class ChatHook(models.Model):
    """A chat room that hears of a queue, or the receiver of one alert rule.

    The URL is a secret: whoever has it may post. `kinds` names the notices a room
    hears; empty: all that are about the queue. `secret` names the secret of the
    settings that posts are signed with; empty: they are not.
    """

    queue = models.ForeignKey(
        Queue,
        on_delete=models.PROTECT,
        null=True,
        related_name="chat_hooks",
        db_index=False,
    )
    rule = models.ForeignKey(
        "review.AlertRule",
        on_delete=models.PROTECT,
        null=True,
        related_name="receivers",
        db_index=False,
    )
    secret = models.CharField(max_length=100, default="", db_default="")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=choices(ChatKind))
    url = models.CharField(max_length=2000)
    kinds = models.JSONField(default=list, db_default=[])
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of("kind", ChatKind, name="review_chat_hook_kind_known"),
            models.CheckConstraint(
                condition=Q(url__startswith="https://"),
                name="review_chat_hook_url_is_https",
            ),
            models.UniqueConstraint(
                fields=["queue", "name"],
                condition=Q(removed_at__isnull=True),
                name="review_chat_hook_name_once_per_queue",
            ),
            models.UniqueConstraint(
                fields=["rule"],
                condition=Q(removed_at__isnull=True, rule__isnull=False),
                name="review_chat_hook_one_of_a_rule",
            ),
            models.CheckConstraint(
                condition=Q(queue__isnull=False, rule__isnull=True)
                | Q(queue__isnull=True, rule__isnull=False),
                name="review_chat_hook_of_a_queue_or_a_rule",
            ),
        ]

    def __str__(self) -> str:
        owner = f"queue {self.queue_id}" if self.queue_id else f"rule {self.rule_id}"
        return f"{self.name} of {owner}"


class Delivery(models.Model):
    """One mail to a person, or one post to a chat room, with the notices it carries.

    Its id is in the mail's Message-ID and the post's id, so that one that went twice
    (the sender died before it could note it) is seen to be the same.
    """

    person = models.ForeignKey(
        Person,
        on_delete=models.CASCADE,
        null=True,
        related_name="deliveries",
        db_index=False,
    )
    hook = models.ForeignKey(
        ChatHook,
        on_delete=models.CASCADE,
        null=True,
        related_name="deliveries",
        db_index=False,
    )
    due_at = models.DateTimeField()
    state = models.CharField(
        max_length=10, choices=choices(DeliveryState), default="WAITING"
    )
    attempts = models.IntegerField(default=0)
    next_at = models.DateTimeField()
    token = models.IntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, default="")

    class Meta:
        constraints = [
            one_of("state", DeliveryState, name="review_delivery_state_known"),
            models.CheckConstraint(
                condition=Q(person__isnull=False, hook__isnull=True)
                | Q(person__isnull=True, hook__isnull=False),
                name="review_delivery_to_a_person_or_a_room",
            ),
            models.CheckConstraint(
                condition=Q(state="SENDING", lease_until__isnull=False)
                | (~Q(state="SENDING") & Q(lease_until__isnull=True)),
                name="review_delivery_sending_has_lease",
            ),
            models.CheckConstraint(
                condition=Q(state__in=UNFINISHED, finished_at__isnull=True)
                | (~Q(state__in=UNFINISHED) & Q(finished_at__isnull=False)),
                name="review_delivery_finished_at_end_only",
            ),
            models.UniqueConstraint(
                fields=["person", "hook", "due_at"],
                nulls_distinct=False,
                name="review_delivery_once_per_moment",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_at"],
                condition=Q(state__in=UNFINISHED),
                name="review_delivery_due",
            ),
            models.Index(
                fields=["-finished_at"],
                condition=Q(state="DEAD"),
                name="review_delivery_dead",
            ),
            models.Index(
                fields=["finished_at"],
                condition=Q(finished_at__isnull=False),
                name="review_delivery_finished",
            ),
        ]

    def __str__(self) -> str:
        return f"Delivery {self.pk}, {self.state}"


class Notification(models.Model):
    """One thing one person, or one chat room, was told.

    `url` is a path on this site, `tables` are what its mail shows besides. `planned_at` says that it was decided whether and
    when a mail or post carries it (`delivery`). `is_listed` is false where the person
    does not want this kind in the application.
    """

    person = models.ForeignKey(
        Person,
        on_delete=models.CASCADE,
        null=True,
        related_name="notifications",
        db_index=False,
    )
    hook = models.ForeignKey(
        ChatHook,
        on_delete=models.CASCADE,
        null=True,
        related_name="notifications",
        db_index=False,
    )
    kind = models.CharField(max_length=20, choices=choices(Notice))
    title = models.CharField(max_length=300)
    text = models.TextField(default="")
    url = models.CharField(max_length=500)
    instance_id = models.UUIDField(null=True)
    key = models.CharField(max_length=200, default="")
    is_listed = models.BooleanField(default=True)
    tables = models.JSONField(default=list, db_default=[])
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    planned_at = models.DateTimeField(null=True)
    delivery = models.ForeignKey(
        Delivery,
        on_delete=models.SET_NULL,
        null=True,
        related_name="notifications",
        db_index=False,
    )

    class Meta:
        constraints = [
            one_of("kind", Notice, name="review_notification_kind_known"),
            models.CheckConstraint(
                condition=Q(person__isnull=False, hook__isnull=True)
                | Q(person__isnull=True, hook__isnull=False),
                name="review_notification_to_a_person_or_a_room",
            ),
            # A link to elsewhere could be a trap: "//host" is another site.
            models.CheckConstraint(
                condition=Q(url__startswith="/") & ~Q(url__startswith="//"),
                name="review_notification_url_is_here",
            ),
            models.UniqueConstraint(
                fields=["person", "key"],
                condition=~Q(key="") & Q(person__isnull=False),
                name="review_notification_once_per_person",
            ),
            models.UniqueConstraint(
                fields=["hook", "key"],
                condition=~Q(key="") & Q(hook__isnull=False),
                name="review_notification_once_per_room",
            ),
        ]
        indexes = [
            models.Index(
                fields=["person", "-id"],
                condition=Q(is_listed=True),
                name="review_notification_of_person",
            ),
            models.Index(
                fields=["person", "-id"],
                condition=Q(is_listed=True, read_at__isnull=True),
                name="review_notification_unread",
            ),
            models.Index(
                fields=["id"],
                condition=Q(planned_at__isnull=True),
                name="review_notification_unplanned",
            ),
            models.Index(
                fields=["delivery"],
                condition=Q(delivery__isnull=False),
                name="review_notification_carried",
            ),
            models.Index(
                fields=["read_at"],
                condition=Q(read_at__isnull=False),
                name="review_notification_read",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.title}"


class NotificationPreference(models.Model):
    """How one person wants to be told; the defaults serve without a row.

    `channels` names the channels of each kind that the person has chosen himself. The
    figures of the person's queues come daily or weekly, next at `figures_due_at`.
    """

    person = models.OneToOneField(
        Person,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="notification_preference",
    )
    channels = models.JSONField(default=dict, db_default={})
    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)
    urgent_passes = models.BooleanField(default=True, db_default=True)
    digest = models.CharField(
        max_length=10, choices=choices(Digest), default="INSTANT", db_default="INSTANT"
    )
    digest_at = models.TimeField(default=dt.time(8), db_default=dt.time(8))
    figures = models.CharField(
        max_length=10, choices=choices(Schedule), default="NEVER", db_default="NEVER"
    )
    figures_at = models.TimeField(default=dt.time(7), db_default=dt.time(7))
    figures_due_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of("figures", Schedule, name="review_notification_figures_known"),
            models.CheckConstraint(
                condition=Q(figures="NEVER", figures_due_at__isnull=True)
                | (~Q(figures="NEVER") & Q(figures_due_at__isnull=False)),
                name="review_notification_figures_due_where_wanted",
            ),
            one_of("digest", Digest, name="review_notification_digest_known"),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | (
                    Q(quiet_from__isnull=False, quiet_until__isnull=False)
                    & ~Q(quiet_from=F("quiet_until"))
                ),
                name="review_notification_quiet_hours_have_two_ends",
            ),
        ]
        indexes = [
            models.Index(
                fields=["figures_due_at"],
                condition=Q(figures_due_at__isnull=False),
                name="review_notification_figures",
            ),
        ]

    def __str__(self) -> str:
        return f"Notification preferences of {self.person_id}"

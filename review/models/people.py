"""Natural persons, the accounts they sign in with and the roles they hold."""

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Value

from review.core.states import Role
from review.models.calendars import Calendar
from review.models.fields import ExactDecoder, ExactEncoder
from review.models.queues import Queue
from workflows.models.fields import choices, one_of, together


class Person(models.Model):
    """One natural person, however many accounts open the door for them.

    `simulated` persons replay recorded work; they own no account. `regions` are those
    whose work they take (none: all), `calendar` says when they work (none: always),
    `wip_limit` how many tasks they hold at most in all queues together (none: any).
    """

    name = models.CharField(max_length=200)
    email = models.CharField(max_length=254, default="")
    simulated = models.BooleanField(default=False)
    regions = ArrayField(
        models.CharField(max_length=40),
        default=list,
        db_default=Value([], output_field=ArrayField(models.CharField(max_length=40))),
    )
    calendar = models.ForeignKey(
        Calendar, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    wip_limit = models.SmallIntegerField(null=True)
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Look accounts up for signing in; people are made by operations.people."""


class User(AbstractBaseUser):
    """An account: a username, a password and the natural person behind it.

    `is_superuser` mirrors an unrevoked ADMINISTRATOR grant of the person; it opens
    RQ's own pages and decides nothing about tasks.
    """

    username = models.CharField(max_length=150, unique=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="users")
    is_active = models.BooleanField(default=True)
    is_superuser = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.username

    @property
    def is_staff(self) -> bool:
        """Django's own pages ask this of an account."""
        return self.is_superuser

    def has_perm(self, perm: str, obj: object | None = None) -> bool:
        """Django's model permissions are not used here: administrators only."""
        return self.is_active and self.is_superuser

    def has_module_perms(self, app_label: str) -> bool:
        """Django's model permissions are not used here: administrators only."""
        return self.is_active and self.is_superuser


class RoleGrant(models.Model):
    """A role a person holds, or held; without a queue it is for all of them.

    An auditor's may end by itself at `ends_at`, and be limited to a `scope`: processes,
    queues, a period of opening (core/evidence/scopes.py).
    """

    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="grants", db_index=False
    )
    role = models.CharField(max_length=20, choices=choices(Role))
    queue = models.ForeignKey(
        Queue, on_delete=models.PROTECT, null=True, related_name="grants"
    )
    granted_at = models.DateTimeField()
    granted_by = models.CharField(max_length=200)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=200, null=True)
    ends_at = models.DateTimeField(null=True)
    scope = models.JSONField(default=dict, db_default={})

    class Meta:
        constraints = [
            one_of("role", Role, name="review_role_grant_role_known"),
            together(
                "revoked_at",
                "revoked_by",
                name="review_role_grant_revoked_at_needs_by",
            ),
            models.UniqueConstraint(
                fields=["person", "role", "queue"],
                condition=models.Q(revoked_at__isnull=True),
                nulls_distinct=False,
                name="review_role_grant_held_once",
            ),
            models.CheckConstraint(
                condition=models.Q(queue__isnull=True)
                | models.Q(role__in=["REVIEWER", "MANAGER"]),
                name="review_role_grant_queue_only_for_queue_roles",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__isnull=True, scope={})
                | models.Q(role="AUDITOR"),
                name="review_role_grant_limits_only_for_auditors",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__isnull=True)
                | models.Q(ends_at__gt=models.F("granted_at")),
                name="review_role_grant_ends_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.person_id}"


class Preference(models.Model):
    """How one person wants the screens.

    `keys` remaps single keys by action, `wellness` softens what is hard to look at,
    `columns` names the columns of each list.
    """

    person = models.OneToOneField(
        Person, on_delete=models.CASCADE, primary_key=True, related_name="preference"
    )
    zone = models.CharField(max_length=64, default="UTC")
    theme = models.CharField(max_length=10, default="auto")
    density = models.CharField(max_length=10, default="standard")
    single_keys = models.BooleanField(default=True)
    keys = models.JSONField(default=dict, encoder=ExactEncoder, decoder=ExactDecoder)
    wellness = models.JSONField(
        default=dict, db_default={}, encoder=ExactEncoder, decoder=ExactDecoder
    )
    columns = models.JSONField(default=dict, db_default={})

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(theme__in=["auto", "light", "dark"]),
                name="review_preference_theme_known",
            ),
            models.CheckConstraint(
                condition=models.Q(density__in=["compact", "standard", "spacious"]),
                name="review_preference_density_known",
            ),
        ]

    def __str__(self) -> str:
        return f"Preferences of {self.person_id}"

"""Addresses of policies: the desk, each kind of each queue, calendars, versions."""

from django.urls import path

from review.operations.policies.policies import KINDS_OF_QUEUES
from review.views.policies import calendar_new, calendars, policies, policy_edit

urlpatterns = [
    *(
        path(
            f"queues/<str:key>/{kind.value.lower()}/",
            policies.queue_policy,
            {"kind": kind.value},
            name=f"queue-{kind.value.lower()}",
        )
        for kind in KINDS_OF_QUEUES
    ),
    *(
        path(
            f"queues/<str:key>/{kind.value.lower()}/edit/",
            policy_edit.policy_edit,
            {"kind": kind.value},
            name=f"queue-{kind.value.lower()}-edit",
        )
        for kind in KINDS_OF_QUEUES
    ),
    path("calendars/<str:key>/", calendars.calendar_detail, name="calendar-detail"),
    path("calendars/<str:key>/edit/", calendars.calendar_edit, name="calendar-edit"),
    path("policies/calendars/new/", calendar_new.calendar_new, name="calendar-new"),
    path("policies/", policies.policy_list, name="policy-list"),
    path("policies/<int:policy_id>/", policies.policy_detail, name="policy-detail"),
    path("policies/<int:policy_id>/grid.dmn", policies.policy_dmn, name="policy-dmn"),
    path(
        "policies/<int:policy_id>/approve/",
        policies.policy_approve,
        name="policy-approve",
    ),
    path(
        "policies/<int:policy_id>/decline/",
        policies.policy_decline,
        name="policy-decline",
    ),
    path(
        "policies/<int:policy_id>/withdraw/",
        policies.policy_withdraw,
        name="policy-withdraw",
    ),
]

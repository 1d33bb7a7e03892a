"""Addresses of the screens."""

from django.urls import path

from review.views import (
    acts,
    approvals,
    audit,
    bulk,
    dashboard,
    decisions,
    definitions,
    incidents,
    instances,
    large,
    queues,
    rail,
    settings,
    sign_in,
    tasks,
    versions,
)

urlpatterns = [
    path("", queues.my_work, name="my-work"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("settings/", settings.personal_settings, name="personal-settings"),
    path("settings/keys/", settings.settings_keys, name="settings-keys"),
    path(
        "settings/keys/reset/",
        settings.settings_keys_reset,
        name="settings-keys-reset",
    ),
    path("rail/", rail.rail, name="rail"),
    path("queues/", queues.queue_list, name="queue-list"),
    path("queues/<str:key>/", queues.queue_detail, name="queue-detail"),
    path("queues/<str:key>/next/", queues.queue_next, name="queue-next"),
    path("tasks/<int:task_id>/", tasks.task_detail, name="task-detail"),
    path(
        "tasks/<int:task_id>/large/<slug:digest>/",
        large.task_value,
        name="task-value",
    ),
    path("tasks/<int:task_id>/claim/", tasks.task_claim, name="task-claim"),
    path("tasks/<int:task_id>/release/", tasks.task_release, name="task-release"),
    path("tasks/<int:task_id>/extend/", tasks.task_extend, name="task-extend"),
    path("tasks/<int:task_id>/draft/", tasks.task_draft, name="task-draft"),
    path("tasks/<int:task_id>/verdict/", tasks.task_verdict, name="task-verdict"),
    path("tasks/<int:task_id>/escalate/", tasks.task_escalate, name="task-escalate"),
    path("instances/", instances.instance_list, name="instance-list"),
    path("instances/act-on-many/", bulk.instance_bulk, name="instance-bulk"),
    path(
        "instances/<uuid:instance_id>/acts/<slug:act>/",
        acts.instance_act,
        name="instance-act",
    ),
    path("approvals/", approvals.approval_list, name="approval-list"),
    path(
        "approvals/<int:intervention_id>/",
        approvals.approval_detail,
        name="approval-detail",
    ),
    path(
        "approvals/<int:intervention_id>/approve/",
        approvals.approval_approve,
        name="approval-approve",
    ),
    path(
        "approvals/<int:intervention_id>/decline/",
        approvals.approval_decline,
        name="approval-decline",
    ),
    path(
        "approvals/<int:intervention_id>/withdraw/",
        approvals.approval_withdraw,
        name="approval-withdraw",
    ),
    path(
        "instances/<uuid:instance_id>/",
        instances.instance_detail,
        name="instance-detail",
    ),
    path(
        "instances/<uuid:instance_id>/large/<slug:digest>/",
        large.instance_value,
        name="instance-value",
    ),
    path(
        "instances/<uuid:instance_id>/diagram.bpmn",
        instances.instance_diagram,
        name="instance-diagram",
    ),
    path(
        "instances/<uuid:instance_id>/evidence/",
        audit.audit_export,
        name="audit-export",
    ),
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("audit/", audit.audit_search, name="audit-search"),
    path("incidents/", incidents.incident_list, name="incident-list"),
    path(
        "incidents/<int:incident_id>/",
        incidents.incident_detail,
        name="incident-detail",
    ),
    path(
        "incidents/<int:incident_id>/retry/",
        incidents.incident_retry,
        name="incident-retry",
    ),
    path(
        "incidents/<int:incident_id>/edit/",
        incidents.incident_edit,
        name="incident-edit",
    ),
    path(
        "incidents/<int:incident_id>/resolve/",
        incidents.incident_resolve,
        name="incident-resolve",
    ),
    path("processes/", definitions.definition_list, name="definition-list"),
    path(
        "processes/<int:definition_id>/",
        definitions.definition_detail,
        name="definition-detail",
    ),
    path(
        "processes/<int:definition_id>/diagram.bpmn",
        definitions.definition_diagram,
        name="definition-diagram",
    ),
    path(
        "processes/<int:definition_id>/model.bpmn",
        definitions.definition_model,
        name="definition-model",
    ),
    path(
        "processes/<int:definition_id>/package.zip",
        definitions.definition_package,
        name="definition-package",
    ),
    path(
        "processes/<int:definition_id>/retire/",
        versions.definition_retire,
        name="definition-retire",
    ),
    path(
        "processes/<int:definition_id>/migrate/",
        versions.definition_migrate,
        name="definition-migrate",
    ),
    path(
        "processes/<int:definition_id>/decisions/",
        decisions.decision_list,
        name="decision-list",
    ),
    path(
        "processes/<int:definition_id>/decisions/<path:decision>/",
        decisions.decision_detail,
        name="decision-detail",
    ),
]

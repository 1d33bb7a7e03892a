"""Addresses of stops, objectives and alerts."""

from django.urls import path

from review.views.figures import alerts, objectives
from review.views.policies import proposed_changes
from review.views.stops import stops

urlpatterns = [
    path("stops/", stops.stop_list, name="stop-list"),
    path("stops/new/", stops.stop_new, name="stop-new"),
    path("stops/<int:stop_id>/", stops.stop_detail, name="stop-detail"),
    path("stops/<int:stop_id>/extend/", stops.stop_extend, name="stop-extend"),
    path("stops/<int:stop_id>/ask/", stops.stop_ask, name="stop-ask"),
    path("stops/<int:stop_id>/lift/", stops.stop_lift, name="stop-lift"),
    path("stops/<int:stop_id>/refuse/", stops.stop_refuse, name="stop-refuse"),
    path("objectives/", objectives.objective_list, name="objective-list"),
    path(
        "objectives/<str:key>/<slug:name>/",
        objectives.objective_detail,
        name="objective-detail",
    ),
    path(
        "objectives/<str:key>/<slug:name>/silence/",
        objectives.objective_silence,
        name="objective-silence",
    ),
    path("alerts/", alerts.alert_list, name="alert-list"),
    path("alerts/new/", alerts.alert_new, name="alert-new"),
    path("alerts/<int:rule_id>/", alerts.alert_edit, name="alert-edit"),
    path("alerts/<int:rule_id>/remove/", alerts.alert_remove, name="alert-remove"),
    path("alerts/<int:rule_id>/silence/", alerts.alert_silence, name="alert-silence"),
    path(
        "alerts/silences/<int:silence_id>/end/", alerts.silence_end, name="silence-end"
    ),
    path(
        "changes/<int:change_id>/",
        proposed_changes.proposed_change,
        name="proposed-change",
    ),
    path(
        "changes/<int:change_id>/approve/",
        proposed_changes.proposed_approve,
        name="proposed-approve",
    ),
    path(
        "changes/<int:change_id>/decline/",
        proposed_changes.proposed_decline,
        name="proposed-decline",
    ),
    path(
        "changes/<int:change_id>/withdraw/",
        proposed_changes.proposed_withdraw,
        name="proposed-withdraw",
    ),
]

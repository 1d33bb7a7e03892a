"""The tables of people and their reviews, with what guards them."""

from django.db import migrations

from review.migrations.tables import (
    alerts,
    bundles,
    calendars,
    changes,
    clocks,
    contents,
    controls,
    erasures,
    interventions,
    notifications,
    orders,
    people,
    policies,
    questions,
    queues,
    rights,
    rollups,
    samples,
    seats,
    stops,
    tasks,
    verdicts,
    views,
)
from workflows.migrations_tables import FirstTables


class Migration(migrations.Migration):
    initial = True
    # A database that had all of these applied goes on; nothing is run in it.
    replaces = [
        ("review", "0001_people"),
        ("review", "0002_protection"),
        ("review", "0003_batches"),
        ("review", "0004_turns"),
        ("review", "0005_clocks"),
        ("review", "0006_policies"),
        ("review", "0007_unveilings"),
        ("review", "0008_notifications"),
        ("review", "0009_putting_off"),
        ("review", "0010_reason_texts"),
        ("review", "0011_quorum_gaps"),
        ("review", "0012_automation_by_two"),
        ("review", "0013_erasing"),
        ("review", "0014_bundles"),
        ("review", "0015_auditing"),
        ("review", "0016_removals"),
        ("review", "0017_rollups"),
        ("review", "0018_rollups_of_classes"),
        ("review", "0019_figures_by_mail"),
        ("review", "0020_stops"),
        ("review", "0021_objectives"),
        ("review", "0023_definition_drafts"),
        ("review", "0024_definition_changes"),
        ("review", "0025_control_orders"),
        ("review", "0026_erasure_notices"),
        ("review", "0027_incident_orders"),
        ("review", "0028_policy_kinds"),
        ("review", "0029_policies_of_calendars"),
        ("review", "0030_overruling_by_two"),
        ("review", "0031_proposed_changes"),
        ("review", "0032_stops_of_everything"),
        ("review", "0033_held_starts"),
    ]
    dependencies = [("workflows", "0001_tables")]
    operations = [
        FirstTables([
            *calendars.OPERATIONS,
            *people.OPERATIONS,
            *queues.OPERATIONS,
            *rights.OPERATIONS,
            *policies.OPERATIONS,
            *tasks.OPERATIONS,
            *contents.OPERATIONS,
            *seats.OPERATIONS,
            *verdicts.OPERATIONS,
            *questions.OPERATIONS,
            *interventions.OPERATIONS,
            *clocks.OPERATIONS,
            *views.OPERATIONS,
            *alerts.OPERATIONS,
            *notifications.OPERATIONS,
            *stops.OPERATIONS,
            *controls.OPERATIONS,
            *samples.OPERATIONS,
            *erasures.OPERATIONS,
            *bundles.OPERATIONS,
            *rollups.OPERATIONS,
            *changes.OPERATIONS,
            *orders.OPERATIONS,
        ])
    ]

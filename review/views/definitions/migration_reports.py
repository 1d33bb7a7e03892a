"""What a migration did, or would do, as pages show it."""

from django.urls import reverse

from workflows.operations.instance_migration import Report

SHOWN = 50


def tell_report(report: Report) -> dict[str, object]:
    """Return a report's counts, reasons and examples, ready to show."""
    return {
        "dry_run": report.dry_run,
        "migrated": f"{report.migrated:,}",
        "blocked": f"{report.blocked:,}",
        "gone": f"{report.gone:,}",
        "more": report.more,
        "reasons": [
            {"node_id": node_id, "message": message, "count": f"{count:,}"}
            for (node_id, message), count in report.reasons.most_common(SHOWN)
        ],
        "examples": [
            {
                "label": one.business_key or str(one.instance_id)[:13],
                "url": reverse("instance-detail", args=[one.instance_id]),
                "why": one.obstacles[0].message,
            }
            for one in report.examples[:SHOWN]
        ],
    }

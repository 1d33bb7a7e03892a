"""What pages of policies say of each kind, and their addresses. No queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse

from review.core.states import PolicyKind
from review.operations.policies.policy_subjects import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class KindPage:
    """The words of a kind's pages.

    `what` is one line of it; `nothing` the title, text and icon where there is none;
    `start` the body an editor begins with then; `heading` stands over its rows;
    `legend` names the template that explains them. `is_prose` where cells are words
    rather than code.
    """

    title: str
    what: str
    nothing: tuple[str, str, str]
    start: Mapping[str, Any]
    heading: str
    legend: str = ""
    add: str = ""
    is_prose: bool = False
    asked: str = ""
    """What stands over the inputs of the case, for kinds that ask for some."""
    fields_heading: str = ""

    @property
    def adding(self) -> str:
        """Return what the button that adds a line says."""
        return self.add or f"Add a {self.what}"


PAGES: Final[Mapping[PolicyKind, KindPage]] = {
    PolicyKind.GRID: KindPage(
        title="Grid",
        what="row",
        nothing=(
            "No grid yet",
            "Without one, people decide on cases whose steps name no grid themselves.",
            "table",
        ),
        start={
            "rows": [
                {"impact": ">= 10000", "control": "dual", "note": "Much is at stake"},
                {"control": "review", "note": "Everything else"},
            ]
        },
        heading="Rows; the first that matches decides",
        legend="review/policies/_policy_legend_grid.html",
        asked="Also asked, besides confidence and impact",
    ),
    PolicyKind.ROUTING: KindPage(
        title="Routing rules",
        what="rule",
        nothing=(
            "No routing rules yet",
            "Without them, each case goes where its step says.",
            "diagram-3",
        ),
        start={"rules": [{"name": "Large", "when": "amount >= 10000"}]},
        heading="Rules; for each word the first that matches and sets it counts",
    ),
    PolicyKind.OBJECTIVES: KindPage(
        title="Objectives",
        what="objective",
        nothing=(
            "No objectives yet",
            "Say what share of the work is to be in time, and who is told if not.",
            "clock",
        ),
        start={
            "rows": [{"name": "in-time", "share": "95", "window": "28d", "least": "10"}]
        },
        heading="Objectives; each counts for itself",
        legend="review/policies/_policy_legend_objectives.html",
        add="Add an objective",
    ),
    PolicyKind.QUORUM: KindPage(
        title="Quorums",
        what="row",
        nothing=(
            "No quorum rules yet",
            "Without them, as many persons decide as the step and the grid ask.",
            "check2-square",
        ),
        start={"rows": [{"impact": ">= 10000", "quorum": "dual"}]},
        heading="Rows; the first that matches a case counts",
        legend="review/policies/_policy_legend_quorum.html",
    ),
    PolicyKind.REASONS: KindPage(
        title="Reason codes",
        what="code",
        nothing=(
            "No reason codes yet",
            "Without them, people say why in their own words alone.",
            "list",
        ),
        start={
            "rows": [
                {
                    "code": "documents-missing",
                    "label": "Documents are missing",
                    "decision": "reject",
                }
            ]
        },
        heading="Codes, as reviewers choose them",
        legend="review/policies/_policy_legend_reasons.html",
        is_prose=True,
    ),
    PolicyKind.CLOCKS: KindPage(
        title="Clocks",
        what="row",
        nothing=(
            "No clocks yet",
            "Without them, each task has the goal its step says, or none.",
            "clock",
        ),
        start={
            "rows": [
                {"class": "A", "goal": "PT4H", "warn": "75%"},
                {"goal": "P1D", "note": "Everything else"},
            ]
        },
        heading="Rows; the first that matches gives the goal",
        legend="review/policies/_policy_legend_clocks.html",
        asked="Also asked, besides class, process and step",
    ),
    PolicyKind.LADDER: KindPage(
        title="Ladder",
        what="rung",
        nothing=(
            "No ladder yet",
            "Without one, what is late is escalated, where its step says nothing else.",
            "bell",
        ),
        start={"words": "75%: notify; 100%: notify owner, escalate"},
        heading="Rungs; what is done as the time of a task runs out",
        legend="review/policies/_policy_legend_ladder.html",
    ),
    PolicyKind.CALENDAR: KindPage(
        title="Calendar",
        what="line",
        nothing=("No calendar", "Nobody made it yet.", "clock"),
        start={
            "zone": "UTC",
            **dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-17:00"),
            "rows": [],
        },
        heading="Days off of its own",
        legend="review/policies/_policy_legend_calendar.html",
        add="Add a day off",
        is_prose=True,
        fields_heading="Where, and when work is done",
    ),
}
"""A kind that is offered (operations.policies.KINDS) has its page here."""


def name_place(subject: Subject, kind: PolicyKind) -> dict[str, Any]:
    """Return the words and addresses of a subject's policy, as every page has them."""
    page, is_calendar = PAGES[kind], kind is PolicyKind.CALENDAR
    return {
        "subject": subject,
        "subject_label": "Policies" if is_calendar else subject.name,
        "who_else": (
            "A process owner or a manager of all queues"
            if is_calendar
            else "A process owner or a manager of the queue"
        ),
        "subject_url": find_subject_url(kind, subject.key),
        "kind": kind.value,
        "title": subject.name if is_calendar else page.title,
        "is_grid": kind is PolicyKind.GRID,
        "what": page.what,
        "nothing": page.nothing,
        "rows_heading": page.heading,
        "legend": page.legend,
        "adding": page.adding,
        "asked": page.asked,
        "fields_heading": page.fields_heading,
        "here_url": find_url(kind, subject.key),
        "edit_url": find_edit_url(kind, subject.key),
    }


def find_subject_url(kind: PolicyKind, key: str) -> str:
    """Return the page that a policy's pages lead back to."""
    if kind is PolicyKind.CALENDAR:
        return reverse("policy-list")
    return reverse("queue-detail", args=[key])


def find_url(kind: PolicyKind, key: str) -> str:
    """Return the page of what is in force."""
    if kind is PolicyKind.CALENDAR:
        return reverse("calendar-detail", args=[key])
    return reverse(f"queue-{kind.value.lower()}", args=[key])


def find_edit_url(kind: PolicyKind, key: str) -> str:
    """Return the editor's page."""
    if kind is PolicyKind.CALENDAR:
        return reverse("calendar-edit", args=[key])
    return reverse(f"queue-{kind.value.lower()}-edit", args=[key])

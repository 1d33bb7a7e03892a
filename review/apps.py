"""The people's side as a Django application."""

from typing import Final

from django.apps import AppConfig

UNGUARDED: Final = {
    "review_auditlist": "searches under a name; each of them is run anew",
    "review_batch": "a pile somebody works through; each verdict in it is an entry",
    "review_controlorder": "tests of controls under way; what they find becomes a run,"
    " with its entry",
    "review_controlpart": "cases of such an order, until the run has what was found",
    "review_definitiondraft": "a package somebody works on; what is proposed of it is"
    " kept apart",
    "review_delivery": "mails and posts on their way",
    "review_draft": "what somebody types and has not handed in",
    "review_draftrevision": "savings of a package somebody works on",
    "review_heldstart": "whose turn it is to begin; held and gone on are entries of the case",
    "review_incidentorderitem": "what is still to do of an order; each act is an entry of its case",
    "review_lane": "a place that tasks wait in; which one a task is in is guarded",
    "review_notification": "what somebody was told; what it tells of are entries",
    "review_notificationpreference": "how somebody wants to be told",
    "review_objectiveevent": "which tasks were in time, worked out from the tasks",
    "review_preference": "how somebody wants the screens",
    "review_presence": "who looks at a task at this moment",
    "review_quorumgap": "warnings, found anew by each sweep",
    "review_rollupcell": "derived from tasks and their entries; made anew by the command rollup",
    "review_rolluphour": "derived from tasks and their entries; made anew by the command rollup",
    "review_rollupmark": "derived from tasks and their entries; made anew by the command rollup",
    "review_rolluppause": "derived from tasks and their entries; made anew by the command rollup",
    "review_rollupspread": "derived from tasks and their entries; made anew by the command rollup",
    "review_rollupstate": "derived from tasks and their entries; made anew by the command rollup",
    "review_savedview": "lists under a name",
    "review_skip": "what somebody passed over; that he did is an entry",
    "review_taskfact": "derived from tasks and their entries; made anew by the command rollup",
    "review_turn": "whose turn it is to be given work",
    "review_watchstate": "when a figure is looked at next; read anew each time",
}
"""Tables of ours that no trigger guards, each with the reason."""


class ReviewConfig(AppConfig):
    name = "review"
    default_auto_field = "django.db.models.BigAutoField"
    unguarded_tables = UNGUARDED

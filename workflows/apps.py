"""The workflow engine as a Django application."""

from typing import Final

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

UNGUARDED: Final = {
    "workflows_idempotencykey": "answers given before; what was done has its entries",
    "workflows_stimulus": "letters to an instance; what it does on hearing one is an"
    " entry",
    "workflows_subscription": "an index of what waiting steps listen to",
    "workflows_message": "letters in transit; what an instance does with one is an"
    " entry",
    "workflows_messagestart": "which instance a message began, while it lives",
    "workflows_circuit": "holds calls back and decides nothing; opening and closing"
    " are entries",
    "workflows_payload": "contents under their SHA-256, which entries name",
    "workflows_payloaduse": "which instance uses which content",
    "workflows_searchvalue": "an index of variables that instances are found by;"
    " rebuild_search_values makes it anew from them",
}
"""Tables of ours that no trigger guards, each with the reason."""


class WorkflowsConfig(AppConfig):
    name = "workflows"
    default_auto_field = "django.db.models.BigAutoField"
    unguarded_tables = UNGUARDED

    def ready(self) -> None:
        """Import `handlers` of every installed application, so that they register."""
        autodiscover_modules("handlers")

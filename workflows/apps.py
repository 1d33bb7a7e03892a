"""The workflow engine as a Django application."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class WorkflowsConfig(AppConfig):
    name = "workflows"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Import `handlers` of every installed application, so that they register."""
        autodiscover_modules("handlers")

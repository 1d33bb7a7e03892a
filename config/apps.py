"""The project as a Django application, so that its commands are found."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Holds `up` and the health checks; no models."""

    name = "config"
    verbose_name = "Countersign"

"""What is known of a handler beside its contract: its runbook and its connector."""

from django.conf import settings

from workflows.handlers import UnknownHandler, registry


def find_runbook(handler: str) -> str:
    """Return the page that says what to do when a handler fails, "" where none is known.

    An operator's word (COUNTERSIGN_RUNBOOKS) goes before the one in the code.
    """
    named: str | None = settings.RUNBOOKS.get(handler)
    if named:
        return named
    try:
        return registry.get(handler).runbook
    except UnknownHandler:
        return ""


def find_connector(handler: str) -> str:
    """Return the outside system a handler calls, "" for none or where it is not installed."""
    try:
        return registry.get(handler).connector
    except UnknownHandler:
        return ""

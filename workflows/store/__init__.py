"""Load and save many instances at once with set-based SQL. No decisions here.

Everything runs in the caller's transaction. Rows of the engine are locked in one
order everywhere: the instance first, then what hangs on it.
"""

from workflows.store.loading import load_free_runs, load_runs, pick_due
from workflows.store.messages import (
    LONGEST_SECONDS,
    Signal,
    put_back,
    signal_data,
    tell_all,
)
from workflows.store.moving import (
    lock_listening,
    pick_running,
    save_listening,
    save_places,
)
from workflows.store.saving import MissingEntry, Saved, save_runs
from workflows.store.searching import save as save_search_values
from workflows.store.sql import copy_in, database_now, execute, parse_json

__all__ = [
    "LONGEST_SECONDS",
    "MissingEntry",
    "Saved",
    "Signal",
    "copy_in",
    "database_now",
    "execute",
    "load_free_runs",
    "load_runs",
    "lock_listening",
    "parse_json",
    "pick_due",
    "pick_running",
    "put_back",
    "save_listening",
    "save_places",
    "save_runs",
    "save_search_values",
    "signal_data",
    "tell_all",
]

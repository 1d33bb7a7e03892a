"""The product's settings, with the handlers of these tests beside."""

import os
import select
import time

from config.settings import *  # noqa: F403, TID251
from config.settings import INSTALLED_APPS as _APPS  # noqa: TID251

INSTALLED_APPS = [*_APPS, "tests.faults"]

if "faketime" in os.environ.get("LD_PRELOAD", ""):
    # libfaketime 0.9.10 refuses clock_nanosleep() where only the wall clock is wrong.
    def _sleep(seconds: float, /) -> None:
        select.select([], [], [], seconds)

    time.sleep = _sleep  # type: ignore[assignment]

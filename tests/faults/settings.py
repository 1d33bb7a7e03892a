"""The product's settings, with the handlers of these tests beside."""

from config.settings import *  # noqa: F403, TID251
from config.settings import INSTALLED_APPS as _APPS  # noqa: TID251

INSTALLED_APPS = [*_APPS, "tests.faults"]

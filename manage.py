#!/usr/bin/env python3
"""Run a command of the project: `python manage.py help` lists them."""

import gc
import os
import sys


def main() -> None:
    """Attach to (or start) the embedded stack where the command needs it, and run."""
    # Loading the program makes modules and no garbage: a sixth of a start went into
    # looking for some.
    gc.set_threshold(50_000, 20, 50)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415

        from config.env import InvalidSetting  # noqa: PLC0415
        from config.local.attach import attached  # noqa: PLC0415
    except ImportError as error:
        sys.exit(
            f"manage.py: {error.name or error} is not installed; run `make install`"
            " and use .venv/bin/python."
        )
    try:
        with attached(sys.argv):
            execute_from_command_line(sys.argv)
    except InvalidSetting as error:
        sys.exit(f"manage.py: {error}")


if __name__ == "__main__":
    main()

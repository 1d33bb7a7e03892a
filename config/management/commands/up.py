"""`manage.py up`: everything on this machine, until Ctrl-C."""

from __future__ import annotations

import hashlib
import os
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.migrations.loader import MigrationLoader

from config.local.datadir import DataDirectory
from config.local.errors import LocalStackError
from config.local.supervisor import Plan, Supervisor


class Command(BaseCommand):
    """Start PostgreSQL, Valkey, web server, workers, sweeper and sealer; watch them."""

    help = (
        "Run the whole stack on this machine until Ctrl-C. DATABASE_URL and REDIS_URL"
        " replace the embedded servers."
    )
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--port",
            type=_whole_number(least=0, most=65535),
            default=8000,
            help="port on 127.0.0.1; 0 takes any free one (default: 8000)",
        )
        parser.add_argument(
            "--data-dir",
            default="",
            help="where data is kept (default: COUNTERSIGN_DATA_DIR, else var/)",
        )
        parser.add_argument(
            "--workers",
            type=_whole_number(least=1, most=64),
            default=2,
            help="how many worker processes (default: 2)",
        )
        parser.add_argument(
            "--demo", action="store_true", help="fill in demonstration data, once"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        directory = DataDirectory.named_by(
            options["data_dir"], default=settings.DATA_DIR
        )
        environment = dict(os.environ)
        static_root = Path(settings.STATIC_ROOT)
        if not environment.get("COUNTERSIGN_STATIC_ROOT"):
            static_root = directory.root / "static"
        plan = Plan(
            directory=directory,
            port=options["port"],
            workers=options["workers"],
            demo=options["demo"],
            migrations=frozenset(MigrationLoader(None).disk_migrations),
            static_digest=_digest_static_files(),
            static_root=static_root,
            probe_host=settings.ALLOWED_HOSTS[0],
            environment=environment,
        )
        try:
            Supervisor(plan, say=self._say).run()
        except LocalStackError as error:
            raise CommandError(str(error)) from error

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _digest_static_files() -> str:
    """Return a digest of every static file's name, size and time of change.

    Contents are left unread: there are megabytes of them, and installing or checking
    out sets the times.
    """
    digest = hashlib.sha256(sys.version.encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            line = f"{path} {found.st_size} {found.st_mtime_ns}\n"
            digest.update(line.encode())
    return digest.hexdigest()


def _whole_number(*, least: int, most: int) -> Any:
    def parse(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise ArgumentTypeError(f"{text!r} is not from {least} to {most}")
        return int(text)

    return parse

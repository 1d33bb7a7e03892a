"""`manage.py chat_hook QUEUE NAME --kind slack`: let a chat room hear of a queue.

What rooms hear and how it is sent: docs/notifications.md.
"""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from review.core.notices.notices import ChatKind, Notice
from review.dashboards.notifications import list_rooms
from review.operations.notices import chat_hooks
from workflows.core.actors import COMMAND_LINE
from workflows.operations.errors import Refused

KINDS: Final = {kind.value.lower(): kind for kind in ChatKind}


class Command(BaseCommand):
    """Set, remove or list the chat rooms of queues; audited, their addresses secret."""

    help = (
        "Let a chat room hear of a queue; without arguments, list the rooms. The"
        " webhook's address is read from standard input: it is a secret."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("queue", nargs="?", help="the queue's key")
        parser.add_argument("name", nargs="?", help="what the room is called here")
        parser.add_argument("--kind", choices=sorted(KINDS), default="slack")
        parser.add_argument(
            "--notice",
            action="append",
            default=[],
            choices=[notice.value for notice in Notice],
            dest="notices",
            help="hear of this alone; may be repeated",
        )
        parser.add_argument("--remove", action="store_true", help="let it hear no more")

    def handle(self, *_: Any, queue: str | None, **options: Any) -> None:
        """Do what the arguments ask for; a refusal is one sentence."""
        name = options["name"]
        if queue is None:
            self._list()
            return
        if name is None:
            raise CommandError("Name the room as well: chat_hook QUEUE NAME.")
        try:
            if options["remove"]:
                chat_hooks.remove_hook(queue_key=queue, name=name, actor=COMMAND_LINE)
            else:
                chat_hooks.define_hook(
                    queue_key=queue,
                    name=name,
                    kind=KINDS[options["kind"]],
                    url=_read_url(),
                    kinds=[Notice(word) for word in options["notices"]],
                    actor=COMMAND_LINE,
                )
        except Refused as error:
            raise CommandError(error.message) from error
        self._list()

    def _list(self) -> None:
        for room in list_rooms():
            self.stdout.write(f"{room.name} hears of {room.queue_key} at {room.host}")


def _read_url() -> str:
    """Read the address where no list of processes and no history shows it."""
    if sys.stdin.isatty():
        return getpass.getpass("Address of the webhook: ").strip()
    return sys.stdin.readline().strip()

"""Run one worker process."""

from argparse import ArgumentParser
from typing import Any

import django_rq
from django.core.management.base import BaseCommand
from rq.serializers import JSONSerializer

from workflows import dispatch
from workflows.jobs import worker_name
from workflows.workers import BESIDE, CLASSES


class Command(BaseCommand):
    """Take jobs of one kind until told to stop (SIGTERM or SIGINT).

    Who sends notices also builds bundles of evidence, while nobody waits for a notice.
    """

    help = "Run a worker: --queue engine (default), services or notify."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say which queue, and whether to stop when it is empty."""
        parser.add_argument("--queue", choices=sorted(CLASSES), default="engine")
        parser.add_argument(
            "--burst", action="store_true", help="stop when the queue is empty"
        )

    def handle(self, *_: Any, queue: str, burst: bool, **__: Any) -> None:
        """Work until told to stop."""
        names = (queue, *BESIDE.get(queue, ()))
        sources = [django_rq.get_queue(name) for name in names]
        worker = CLASSES[queue](
            sources,
            connection=sources[0].connection,
            serializer=JSONSerializer,
            name=f"{queue}:{worker_name()}",
        )
        # Whatever was committed while nobody listened: look once without a ring.
        for name in names:
            if name in dispatch.JOBS:
                dispatch.ring(name)
        worker.work(burst=burst, with_scheduler=False, logging_level="WARNING")

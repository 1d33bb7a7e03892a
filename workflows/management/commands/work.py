"""Run one worker process."""

from argparse import ArgumentParser
from typing import Any

import django_rq
from django.core.management.base import BaseCommand
from rq.serializers import JSONSerializer

from workflows import dispatch
from workflows.jobs import worker_name
from workflows.workers import CLASSES


class Command(BaseCommand):
    """Take jobs from one queue until told to stop (SIGTERM or SIGINT)."""

    help = "Run a worker: --queue engine (default), services or notify."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say which queue, and whether to stop when it is empty."""
        parser.add_argument("--queue", choices=sorted(CLASSES), default="engine")
        parser.add_argument(
            "--burst", action="store_true", help="stop when the queue is empty"
        )

    def handle(self, *_: Any, queue: str, burst: bool, **__: Any) -> None:
        """Work until told to stop."""
        source = django_rq.get_queue(queue)
        worker = CLASSES[queue](
            [source],
            connection=source.connection,
            serializer=JSONSerializer,
            name=f"{queue}:{worker_name()}",
        )
        # Whatever was committed while nobody listened: look once without a ring.
        if queue in dispatch.JOBS:
            dispatch.ring(queue)
        worker.work(burst=burst, with_scheduler=False, logging_level="WARNING")

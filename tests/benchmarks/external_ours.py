"""Work off external steps that call an HTTP service. Prints one JSON line."""

import asyncio
import json
import resource
import subprocess
import sys
import time

import django
from django.core.management import call_command

django.setup()

from pydantic import BaseModel  # noqa: E402

from tests.factories.processes import (  # noqa: E402
    TESTER,
    chain,
    deploy,
    process,
    service_line,
)
from workflows.handlers import HandlerContext, handler  # noqa: E402
from workflows.models import Instance, Step  # noqa: E402
from workflows.operations import external, instances  # noqa: E402
from workflows.operations.instances import Start  # noqa: E402
from workflows.workers import tune_process  # noqa: E402

BATCH = 500
CALLING = process(
    '<startEvent id="s"/>'
    + service_line(["call"], handler="bench.call")
    + '<endEvent id="e"/>'
    + chain("s", "call", "e")
)


class Place(BaseModel):
    port: int


class Most(BaseModel):
    most: int


@handler("bench.call", version="1.0.0", kind="external", timeout_seconds=30)
async def call(request: Place, context: HandlerContext) -> Most:
    """Ask the service, with the step's idempotency key."""
    reader, writer = await asyncio.open_connection("127.0.0.1", request.port)
    key = context.idempotency_key
    writer.write(
        f"GET / HTTP/1.1\r\nHost: x\r\nIdempotency-Key: {key}\r\n\r\n".encode()
    )
    answer = await reader.read()
    writer.close()
    return Most(most=int(answer.partition(b"\r\n\r\n")[2]))


def main() -> None:
    """Measure, and check that every step was called once and every instance ended."""
    count, in_flight, delay = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    call_command("migrate", verbosity=0)
    words = [sys.executable, "-m", "tests.benchmarks.external_service", delay]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as service:
        try:
            port = int(service.stdout.readline()) if service.stdout else 0
            seconds = _measure(count, in_flight=in_flight, port=port)
        finally:
            service.terminate()
    ended = Instance.objects.filter(state="COMPLETED")
    once = Step.objects.filter(node_id="call", state="COMPLETED", attempt=1)
    if (ended.count(), once.count()) != (count, count):
        raise SystemExit(f"{ended.count()} instances and {once.count()} calls ended.")
    most = max(one.variables["most"] for one in ended.only("variables"))
    print(json.dumps({"seconds": seconds, "most": most}))


def _measure(count: int, *, in_flight: int, port: int) -> float:
    wish = Start(variables={"port": port}, initiator=TESTER)
    definition_id = deploy(CALLING)
    for _ in range(count // BATCH):
        instances.start_and_advance(definition_id=definition_id, starts=[wish] * BATCH)
    tune_process()
    began = time.perf_counter()
    answered = external.work_off(worker="bench", limit=in_flight)
    seconds = time.perf_counter() - began
    if answered != count:
        raise SystemExit(f"{answered} of {count} calls were answered.")
    return seconds


if __name__ == "__main__":
    main()

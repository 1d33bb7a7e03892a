"""Small BPMN packages for tests: a few lines of nodes and flows become a package."""

import itertools
from collections.abc import Mapping, Sequence

from workflows.core.actors import Actor, ActorKind
from workflows.operations import definitions

TESTER = Actor(kind=ActorKind.SYSTEM, id="test", name="Test")

_HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:cs="urn:countersign:bpmn:1" targetNamespace="urn:test">'
)


def flow(source: str, target: str, *, condition: str = "", flow_id: str = "") -> str:
    """Return a sequence flow; its id is `source-target` unless given."""
    name = flow_id or f"{source}-{target}"
    inner = f"<conditionExpression>{condition}</conditionExpression>"
    return (
        f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">'
        f"{inner if condition else ''}</sequenceFlow>"
    )


def chain(*nodes: str) -> str:
    """Return the flows that join nodes one after the other."""
    return "".join(flow(a, b) for a, b in itertools.pairwise(nodes))


def process(body: str, *, process_id: str = "main") -> str:
    """Return a process element around nodes and flows."""
    return f'<process id="{process_id}" isExecutable="true">{body}</process>'


def bpmn(*processes: str, extra: str = "") -> bytes:
    """Return a BPMN file."""
    return f"{_HEAD}{extra}{''.join(processes)}</definitions>".encode()


def package(
    *processes: str,
    key: str = "test-process",
    version: str = "1.0.0",
    extra: str = "",
    files: Mapping[str, bytes] | None = None,
) -> dict[str, bytes]:
    """Return the files of a package whose main process is `main`."""
    toml = (
        f'[package]\nkey = "{key}"\nversion = "{version}"\nname = "{key}"\n'
        'owner = "tests"\nprocess = "main"\n'
    )
    return {
        "package.toml": toml.encode(),
        "main.bpmn": bpmn(*processes, extra=extra),
        **(files or {}),
    }


def deploy(*processes: str, key: str = "test-process", extra: str = "") -> int:
    """Deploy a package of these processes; return the definition's id."""
    files = package(*processes, key=key, extra=extra)
    return definitions.deploy(files=files, actor=TESTER).definition_id


def service_line(names: Sequence[str], *, handler: str) -> str:
    """Return service tasks of one handler."""
    return "".join(
        f'<serviceTask id="{name}" cs:handler="{handler}"/>' for name in names
    )

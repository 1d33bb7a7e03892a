"""How the public DMN conformance kit's runner calls this engine.

The runner hands over a model's path, the wanted decision and the inputs; temporal
inputs that Python cannot hold arrive as ISO text with a `kind`.
"""

import datetime as dt
import functools
from collections.abc import Mapping
from pathlib import Path

from workflows.core.dmn import Model, read_dmn
from workflows.core.dmn.xml import read_xml
from workflows.core.feel import text_of
from workflows.core.feel.temporal import (
    Date,
    DateTime,
    DayTimeDuration,
    Time,
    YearMonthDuration,
)
from workflows.core.feel.temporal_text import parse_temporal

NOW = dt.datetime(2026, 1, 5, 9, 0, tzinfo=dt.UTC)
_TEMPORAL = (Date, Time, DateTime, DayTimeDuration, YearMonthDuration)


@functools.lru_cache(maxsize=64)
def load(path: Path) -> Model:
    """The model, with those it imports from beside it, read leniently."""
    return _load(path, {})


def _load(path: Path, open_models: dict[str, Path]) -> Model:
    data = path.read_bytes()
    imports: dict[str, Model] = {}
    for element in read_xml(data).all("import"):
        namespace = element.get("namespace")
        for beside in sorted(path.parent.glob("*.dmn")):
            if beside in (path, *open_models.values()):
                continue
            if read_xml(beside.read_bytes()).get("namespace") == namespace:
                imports[namespace] = _load(beside, {**open_models, namespace: path})
    return read_dmn(data, source=path.name, imports=imports, lenient=True)


def evaluate(
    model: Path,
    target: str,
    inputs: Mapping[str, object],
    *,
    kind: str = "decision",
    service: str | None = None,
) -> object:
    """The value of a decision, a service's decision or a function, as Python."""
    loaded = load(Path(model))
    given = {name: _incoming(value) for name, value in inputs.items()}
    if service is None and target in loaded.services:
        service, kind = target, "decisionService"
    if kind == "decisionService" and service is not None:
        value = loaded.evaluate_service(service, given, now=NOW).value
        several = len(loaded.services[service].outputs) > 1
        if several and isinstance(value, dict) and target in value:
            value = value[target]
    elif kind == "bkm":
        value = loaded.evaluate_knowledge(service or target, given, now=NOW).value
    else:
        value = loaded.evaluate(target, given, now=NOW).value
    return _outgoing(value)


def _incoming(value: object) -> object:
    """ISO texts that carry their kind become FEEL values, at every depth."""
    if isinstance(value, str) and hasattr(value, "kind"):
        return parse_temporal(str(value))
    if isinstance(value, list):
        return [_incoming(item) for item in value]
    if isinstance(value, dict):
        return {key: _incoming(item) for key, item in value.items()}
    return value


def _outgoing(value: object) -> object:
    """FEEL values as the runner compares them: temporals as ISO text."""
    if isinstance(value, _TEMPORAL):
        return text_of(value)
    if isinstance(value, list):
        return [_outgoing(item) for item in value]
    if isinstance(value, dict):
        return {key: _outgoing(item) for key, item in value.items()}
    return value

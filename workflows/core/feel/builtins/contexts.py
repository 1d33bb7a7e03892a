"""Context functions: DMN 1.5 table 79."""

from workflows.core.feel.functions import built_in
from workflows.core.feel.limits import Run


@built_in("get value", "m: context, key: string")
def _get_value(run: Run, context: dict[str, object], key: str) -> object:
    if key not in context:
        return run.note(f"get value: there is no entry '{key}'")
    return context[key]


@built_in("get value", "context: context, keys: list")
def _get_value_at(run: Run, context: dict[str, object], keys: list[object]) -> object:
    value: object = context
    if not keys:
        return run.note("get value: the list of keys is empty")
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            return run.note("get value: there is no entry at these keys")
        value = value[key]
    return value


@built_in("get entries", "m: context")
def _get_entries(run: Run, context: dict[str, object]) -> list[object]:
    run.spend(len(context))
    return [{"key": key, "value": value} for key, value in context.items()]


@built_in("context put", "context: context, key: string, value: any")
def _context_put(
    run: Run, context: dict[str, object], key: str, value: object
) -> dict[str, object]:
    run.spend(len(context))
    return {**context, key: value}


@built_in("context put", "context: context, keys: list, value: any")
def _context_put_at(
    run: Run, context: dict[str, object], keys: list[object], value: object
) -> object:
    if not keys or not all(isinstance(key, str) for key in keys):
        return run.note("context put: keys is a list of strings, not empty")
    return _put(run, context, [str(key) for key in keys], value)


def _put(
    run: Run, context: dict[str, object], keys: list[str], value: object
) -> object:
    first, rest = keys[0], keys[1:]
    run.spend(len(context))
    if not rest:
        return {**context, first: value}
    inner = context.get(first)
    if not isinstance(inner, dict):
        return run.note(f"context put: '{first}' is no context")
    changed = _put(run, inner, rest, value)
    return None if changed is None else {**context, first: changed}


@built_in("context merge", "contexts: list")
def _context_merge(run: Run, contexts: list[object]) -> object:
    merged: dict[str, object] = {}
    for context in contexts:
        if not isinstance(context, dict):
            return run.note("context merge: takes a list of contexts")
        run.spend(len(context))
        merged.update(context)
    return merged


@built_in("context", "entries: list")
def _context(run: Run, entries: list[object]) -> object:
    made: dict[str, object] = {}
    run.spend(len(entries))
    for entry in entries:
        if not isinstance(entry, dict) or not {"key", "value"} <= entry.keys():
            return run.note("context: each entry has a key and a value")
        key = entry["key"]
        if not isinstance(key, str) or key in made:
            return run.note("context: keys are strings, each given once")
        made[key] = entry["value"]
    return made

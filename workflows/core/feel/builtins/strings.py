"""String functions: DMN 1.5 table 73. Positions and lengths count code points."""

from decimal import Decimal

from workflows.core.feel import regex
from workflows.core.feel.builtins.lists import place
from workflows.core.feel.functions import built_in
from workflows.core.feel.limits import Run


@built_in("substring", "string: string, start position: number, length: number?|null")
def _substring(run: Run, text: str, start: Decimal, length: Decimal | None) -> object:
    first = place(start, len(text))
    if first is None:
        return run.note("substring: the start position lies outside the string")
    if length is None:
        return text[first:]
    if length < 1:
        return run.note("substring: the length is less than 1")
    return text[first : first + int(min(length, Decimal(len(text))))]


@built_in("string length", "string: string")
def _string_length(_run: Run, text: str) -> Decimal:
    return Decimal(len(text))


@built_in("upper case", "string: string")
def _upper_case(_run: Run, text: str) -> str:
    return text.upper()


@built_in("lower case", "string: string")
def _lower_case(_run: Run, text: str) -> str:
    return text.lower()


@built_in("substring before", "string: string, match: string")
def _substring_before(_run: Run, text: str, match: str) -> str:
    before, found, _after = text.partition(match) if match else ("", "", "")
    return before if found else ""


@built_in("substring after", "string: string, match: string")
def _substring_after(_run: Run, text: str, match: str) -> str:
    return text.partition(match)[2] if match else text


@built_in("contains", "string: string, match: string")
def _contains(_run: Run, text: str, match: str) -> bool:
    return match in text


@built_in("starts with", "string: string, match: string")
def _starts_with(_run: Run, text: str, match: str) -> bool:
    return text.startswith(match)


@built_in("ends with", "string: string, match: string")
def _ends_with(_run: Run, text: str, match: str) -> bool:
    return text.endswith(match)


@built_in("matches", "input: string, pattern: string, flags: string?|null")
def _matches(run: Run, text: str, pattern: str, flags: str | None) -> object:
    compiled = regex.compile_pattern(pattern, flags or "")
    if isinstance(compiled, str):
        return run.note(f"matches: {compiled}")
    return compiled.search(text, run)


@built_in(
    "replace",
    "input: string, pattern: string, replacement: string, flags: string?|null",
)
def _replace(  # noqa: PLR0917  (as FEEL has it)
    run: Run, text: str, pattern: str, replacement: str, flags: str | None
) -> object:
    compiled = regex.compile_pattern(pattern, flags or "")
    if isinstance(compiled, str):
        return run.note(f"replace: {compiled}")
    return compiled.replace(text, replacement, run)


@built_in("split", "string: string, delimiter: string")
def _split(run: Run, text: str, delimiter: str) -> object:
    compiled = regex.compile_pattern(delimiter, "")
    if isinstance(compiled, str):
        return run.note(f"split: {compiled}")
    return compiled.split(text, run)


@built_in("string join", "list: list, delimiter: string?|null")
def _string_join(run: Run, items: list[object], delimiter: str | None) -> object:
    parts: list[str] = []
    run.spend(len(items))
    for item in items:
        if item is None:
            continue
        if not isinstance(item, str):
            return run.note("string join: the list holds something that is no string")
        parts.append(item)
    separator = delimiter or ""
    run.check_text(sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts)

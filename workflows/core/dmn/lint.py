"""What is wrong with tables that are well formed: found once, when they are deployed."""

from collections.abc import Iterator
from typing import NamedTuple

from workflows.core.dmn.model import Model
from workflows.core.dmn.regions import Region, TooLarge, column_classes, regions
from workflows.core.dmn.tables import DecisionTable

MAX_FINDINGS = 20
MAX_MERGED = 5000

Texts = tuple[str | None, ...]


class Finding(NamedTuple):
    """A finding: its code, `error`, `warning` or `info`, the table's id, a sentence.

    Codes: OVERLAP (rules that match together under UNIQUE), GAP (inputs no rule
    covers), UNREACHABLE (a rule no input passes), MASKED (a rule that an earlier one
    always beats), UNKNOWN_NAME (a name that no requirement provides), UNCHECKED (a
    table too large to look at).
    """

    code: str
    severity: str
    element: str
    message: str


def lint(model: Model) -> list[Finding]:
    """Findings of the model: unknown names, then every table in order."""
    names = [
        Finding(
            "UNKNOWN_NAME",
            "warning",
            found.element or found.label,
            f"'{found.label}' reads '{found.name}', which nothing it requires is "
            "called; a text stands in quotes",
        )
        for found in model.unknown
    ]
    tables = [finding for table in model.tables for finding in lint_table(table)]
    return names + tables


def lint_table(table: DecisionTable) -> list[Finding]:
    """Findings of one table, at most MAX_FINDINGS of each code."""
    if not table.rows or not table.inputs:
        return []
    columns = column_classes(table)
    survey = _Survey(table, [len(column) for column in columns])
    try:
        for region in regions(table, columns):
            survey.add(region)
    except TooLarge:
        message = f"'{table.name}' has too many combinations of values to be checked"
        return [Finding("UNCHECKED", "info", table.element, message)]
    return list(survey.findings())


def _rules(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


class _Survey:
    """What the regions show, put together."""

    def __init__(self, table: DecisionTable, sizes: list[int]) -> None:
        self.table = table
        self.sizes = sizes
        self.gaps: list[Texts] = []
        self.overlaps: dict[tuple[int, int], str] = {}
        self.reachable = 0
        self.winning = 0

    def add(self, region: Region) -> None:
        self.reachable |= region.may
        # The first rule certain to match beats every later one.
        first = region.must & -region.must
        self.winning |= region.may & ((first << 1) - 1) if first else region.may
        if not region.may:
            self.gaps.append(region.texts)
        if self.table.hit_policy == "UNIQUE" and region.must & (region.must - 1):
            matching = list(_rules(region.must))
            for place, rule in enumerate(matching):
                for other in matching[place + 1 :]:
                    text = self._text(region.texts)
                    self.overlaps.setdefault((rule, other), text)
                    if len(self.overlaps) > MAX_FINDINGS:
                        return

    def _text(self, texts: Texts) -> str:
        named = zip(self.table.inputs, texts, strict=True)
        said = [f"{clause.text}: {text}" for clause, text in named if text is not None]
        return ", ".join(said) or "any input"

    def _merged_gaps(self) -> list[Texts]:
        """The gaps, those that together span a whole column made one."""
        gaps = self.gaps[:MAX_MERGED]
        for place, size in enumerate(self.sizes):
            groups: dict[Texts, list[Texts]] = {}
            for texts in gaps:
                key = (*texts[:place], None, *texts[place + 1 :])
                groups.setdefault(key, []).append(texts)
            gaps = []
            for key, members in groups.items():
                whole = len(members) == size or key in members
                gaps.extend([key] if whole else members)
        return gaps

    def findings(self) -> Iterator[Finding]:
        element, name = self.table.element, self.table.name
        for (rule, other), text in list(self.overlaps.items())[:MAX_FINDINGS]:
            message = (
                f"'{name}': rules {rule + 1} and {other + 1} both match ({text}), "
                "and hit policy UNIQUE then gives null"
            )
            yield Finding("OVERLAP", "error", element, message)
        if not any(clause.default is not None for clause in self.table.outputs):
            for texts in self._merged_gaps()[:MAX_FINDINGS]:
                message = f"'{name}': no rule matches ({self._text(texts)})"
                yield Finding("GAP", "warning", element, message)
        yield from self._useless_rules()

    def _useless_rules(self) -> Iterator[Finding]:
        element, name = self.table.element, self.table.name
        for rule in _rules(self.table.all_rules & ~self.reachable):
            message = f"'{name}': no input passes the cells of rule {rule + 1}"
            yield Finding("UNREACHABLE", "warning", element, message)
        if self.table.hit_policy == "FIRST":
            for rule in _rules(self.reachable & ~self.winning):
                message = f"'{name}': earlier rules always win over rule {rule + 1}"
                yield Finding("MASKED", "warning", element, message)

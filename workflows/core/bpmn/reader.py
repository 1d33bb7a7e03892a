"""An element tree of BPMN 2.0 to processes that the engine runs, or located problems.

Everything that would change the run and is not executed is refused by name; what
only informs people (lanes, data, annotations, the diagram) is let through.
"""

from collections.abc import Iterator

from workflows.core.bpmn.catalog import Catalog, local_name, read_catalog
from workflows.core.bpmn.checks import check_process
from workflows.core.bpmn.compensation import join_compensation
from workflows.core.bpmn.expressions import feel_text, is_feel
from workflows.core.bpmn.extensions import label, read_extensions
from workflows.core.bpmn.graph import Flow, Node, Process
from workflows.core.bpmn.nodes import Around, read_node
from workflows.core.bpmn.problems import Problems
from workflows.core.bpmn.vocabulary import (
    BPMN,
    ID_LIMIT,
    IGNORED,
    NODES,
    SCOPES,
    UNSUPPORTED,
)
from workflows.core.markup import Element


def read_processes(definitions: Element, *, source: str) -> list[Process]:
    """Return the executable processes of a BPMN file, in document order.

    A process marked `isExecutable="false"` is a drawing and is passed over, as long
    as another one runs. Raises BpmnError with every problem of the file.
    """
    problems = Problems(source)
    if definitions.name != "definitions" or definitions.namespace != BPMN:
        problems.add(
            "This is no BPMN 2.0 file: its root must be <definitions> of the"
            f" namespace {BPMN}.",
            element=f"<{definitions.name}>",
            line=definitions.line,
        )
        problems.raise_if_any()
    drawn = list(definitions.each("process"))
    runnable = [one for one in drawn if one.get("isExecutable") not in {"false", "0"}]
    if not runnable:
        problems.add(
            'No process is executable; set isExecutable="true" on the one to run.'
            if drawn
            else "The file holds no process.",
            element=label(drawn[0] if drawn else definitions),
            line=(drawn[0] if drawn else definitions).line,
        )
    ids = _check_ids(definitions, problems)
    catalog = read_catalog(definitions)
    processes = [
        _Reading(one, catalog, problems, ids=ids).process() for one in runnable
    ]
    problems.raise_if_any()
    return processes


def _check_ids(definitions: Element, problems: Problems) -> frozenset[str]:
    """Note ids that are used twice; return all."""
    seen: dict[str, int] = {}
    for element in definitions.walk():
        name = element.attributes.get("id", "") if element.namespace == BPMN else ""
        if name and name in seen:
            problems.add(
                f"The id {name!r} is used twice, first on line {seen[name]}.",
                element=name,
                line=element.line,
            )
        elif name:
            seen[name] = element.line
    return frozenset(seen)


class _Reading:
    """Reads one process: first the flows of every scope, then the nodes."""

    def __init__(
        self,
        element: Element,
        catalog: Catalog,
        problems: Problems,
        *,
        ids: frozenset[str],
    ) -> None:
        self._element = element
        self._catalog = catalog
        self._problems = problems
        self._ids = ids
        self._flows: dict[str, Flow] = {}
        self._nodes: dict[str, Node] = {}
        self._lanes: dict[str, str] = {}
        self._refused: set[str] = set()

    def process(self) -> Process:
        element = self._element
        if not element.get("id") or len(element.get("id")) > ID_LIMIT:
            self._problems.add(
                f"A process needs an id of at most {ID_LIMIT} characters.",
                element=label(element)[:ID_LIMIT],
                line=element.line,
            )
        self._lanes = dict(_lanes(element))
        self._read_scope(element, scope="")
        join_compensation(element, self._nodes, self._problems)
        process = Process(
            id=element.get("id"),
            name=element.get("name"),
            nodes=self._nodes,
            flows=self._flows,
            source=self._problems.source,
            properties=read_extensions(element, self._problems).own,
            data_objects=dict(_data_objects(element)),
        )
        check_process(
            process,
            line=element.line,
            refused=frozenset(self._refused),
            problems=self._problems,
        )
        return process

    def _read_scope(self, container: Element, *, scope: str) -> None:
        flows = [self._flow(one) for one in container.each("sequenceFlow")]
        self._flows.update({flow.id: flow for flow in flows})
        around = Around(
            scope=scope,
            flows_in=_grouped((flow.target, flow.id) for flow in flows),
            flows_out=_grouped((flow.source, flow.id) for flow in flows),
            boundary=_grouped(
                (local_name(one.get("attachedToRef")), label(one))
                for one in container.each("boundaryEvent")
            ),
            lanes=self._lanes,
        )
        for child in container.children:
            if child.namespace != BPMN:
                continue
            kind = NODES.get(child.name)
            if kind is None:
                self._refuse(child)
                continue
            node = read_node(
                child,
                kind,
                around=around,
                catalog=self._catalog,
                problems=self._problems,
            )
            self._nodes[node.id] = node
            if kind in SCOPES:
                self._read_scope(child, scope=node.id)

    def _refuse(self, child: Element) -> None:
        """Refuse what the engine does not run; what only informs passes."""
        if child.name in IGNORED or child.name.endswith("LoopCharacteristics"):
            return
        self._refused.add(child.get("id"))
        what = UNSUPPORTED.get(child.name)
        self._problems.add(
            f"This is {what}; that is not run."
            if what
            else f"<{child.name}> is not run and cannot be left out safely.",
            element=label(child),
            line=child.line,
        )

    def _flow(self, element: Element) -> Flow:
        source, target = element.get("sourceRef"), element.get("targetRef")
        condition = element.first("conditionExpression")
        text = feel_text(condition.text) if condition else ""
        if condition and not is_feel(condition.get("language")):
            self._problems.add(
                f"The condition is written in {condition.get('language')};"
                " only FEEL runs.",
                element=label(element),
                line=condition.line,
            )
            text = ""
        return Flow(
            id=element.get("id") or self._free_id(source, target),
            source=source,
            target=target,
            condition=text,
            name=element.get("name"),
            line=element.line,
        )

    def _free_id(self, source: str, target: str) -> str:
        """Name a flow that has no id: the same name at every reading."""
        base = f"{source}--{target}"
        name, number = base, 1
        while name in self._flows or name in self._ids:
            number += 1
            name = f"{base}-{number}"
        # Reserved at once: a sibling without an id must not get the same name.
        self._flows[name] = Flow(id=name, source=source, target=target)
        return name


def _grouped(pairs: Iterator[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for key, value in pairs:
        groups[key] = (*groups.get(key, ()), value)
    return groups


def _lanes(process: Element) -> Iterator[tuple[str, str]]:
    for element in process.walk():
        if element.name == "lane" and element.namespace == BPMN:
            name = element.get("name") or element.get("id")
            for reference in element.each("flowNodeRef"):
                yield reference.text.strip(), name


def _data_objects(process: Element) -> Iterator[tuple[str, str]]:
    for element in process.walk():
        if element.name == "dataObject" and element.namespace == BPMN:
            yield element.get("id"), element.get("name")

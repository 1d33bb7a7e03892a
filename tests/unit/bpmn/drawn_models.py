"""Random models to draw: any graph at all, sound or not, with lanes, scopes and pools."""

from hypothesis import strategies as st

from workflows.core.bpmn.vocabulary import BPMN
from workflows.core.markup import Element

TAGS = (
    "task",
    "userTask",
    "exclusiveGateway",
    "parallelGateway",
    "intermediateCatchEvent",
    "startEvent",
    "endEvent",
    "callActivity",
)
HOSTS = {"task", "userTask", "callActivity", "subProcess"}
NAMES = st.sampled_from(["", "Check", "Is the amount above the limit?", "A " * 30])


def _element(
    tag: str, *children: Element, text: str = "", **attributes: str
) -> Element:
    kept = {name: value for name, value in attributes.items() if value}
    return Element(
        namespace=BPMN, name=tag, attributes=kept, children=children, text=text
    )


@st.composite
def scopes(
    draw: st.DrawFn, prefix: str, *, depth: int = 2, largest: int = 9
) -> list[Element]:
    """Draw the content of one scope: nodes, what hangs on them, flows, artifacts."""
    found: list[Element] = []
    sources: list[str] = []
    targets: list[str] = []
    for number in range(draw(st.integers(0, largest))):
        name = f"{prefix}n{number}"
        is_scope = depth > 0 and draw(st.integers(0, 5)) == 0
        inner: list[Element] = []
        tag = "subProcess" if is_scope else draw(st.sampled_from(TAGS))
        if is_scope:
            inner = draw(scopes(f"{name}_", depth=depth - 1, largest=4))
        found.append(_element(tag, *inner, id=name, name=draw(NAMES)))
        sources.append(name)
        targets.append(name)
        if tag in HOSTS:
            for at in range(draw(st.sampled_from([0, 0, 0, 1, 2, 3]))):
                event = f"{name}_b{at}"
                found.append(
                    _element(
                        "boundaryEvent", id=event, attachedToRef=name, name=draw(NAMES)
                    )
                )
                sources.append(event)
        if draw(st.integers(0, 5)) == 0:
            found.extend(_artifact(draw, name))
    if targets:
        pairs = draw(
            st.lists(
                st.tuples(st.sampled_from(sources), st.sampled_from(targets)),
                max_size=largest * 2,
            )
        )
        for number, (source, target) in enumerate(pairs):
            found.append(
                _element(
                    "sequenceFlow",
                    id=f"{prefix}f{number}",
                    sourceRef=source,
                    targetRef=target,
                    name=draw(NAMES) if number % 3 == 0 else "",
                )
            )
    return found


def _artifact(draw: st.DrawFn, node: str) -> list[Element]:
    tag = draw(st.sampled_from(["textAnnotation", "dataObjectReference"]))
    note = _element(tag, id=f"{node}_note", name="" if tag == "textAnnotation" else "D")
    line = _element(
        "association", id=f"{node}_line", sourceRef=node, targetRef=f"{node}_note"
    )
    return [note, line]


@st.composite
def processes(draw: st.DrawFn, name: str = "p") -> Element:
    """Draw a process, half of them with lanes, some nodes in none."""
    body = draw(scopes(f"{name}_"))
    lanes: list[Element] = []
    if draw(st.booleans()):
        nodes = [one.get("id") for one in body if one.name != "sequenceFlow"]
        count = draw(st.integers(1, 3))
        members: list[list[Element]] = [[] for _ in range(count)]
        for node in nodes:
            at = draw(st.integers(0, count))
            if at < count:
                members[at].append(_element("flowNodeRef", text=node))
        lanes = [
            _element(
                "laneSet",
                *(
                    _element("lane", *own, id=f"{name}_lane{at}")
                    for at, own in enumerate(members)
                ),
            )
        ]
    return _element("process", *lanes, *body, id=name)


@st.composite
def models(draw: st.DrawFn) -> Element:
    """Draw a file: one bare process, or pools with messages between them."""
    if draw(st.booleans()):
        return _element("definitions", draw(processes()))
    found = [draw(processes(f"p{number}")) for number in range(draw(st.integers(1, 2)))]
    ends = [
        one.get("id")
        for process in found
        for one in process.children
        if one.name in {*TAGS, "subProcess"}
    ]
    pools = [
        _element("participant", id=f"pool_{one.get('id')}", processRef=one.get("id"))
        for one in found
    ]
    pools.append(_element("participant", id="pool_outside"))
    ends.append("pool_outside")
    pairs = draw(
        st.lists(st.tuples(st.sampled_from(ends), st.sampled_from(ends)), max_size=4)
    )
    messages = [
        _element("messageFlow", id=f"m{at}", sourceRef=source, targetRef=target)
        for at, (source, target) in enumerate(pairs)
        if source != target
    ]
    collaboration = _element("collaboration", *pools, *messages, id="c")
    return _element("definitions", collaboration, *found)

"""How an activity repeats, and how an ad-hoc sub-process runs. No other attributes."""

import difflib
from collections.abc import Mapping

from workflows.core.bpmn.catalog import Catalog, local_name
from workflows.core.bpmn.expressions import feel_text, is_feel
from workflows.core.bpmn.extensions import extras_of, label
from workflows.core.bpmn.graph import AdHocSpec, LoopKind, LoopSpec
from workflows.core.bpmn.problems import Problems
from workflows.core.bpmn.vendors import attributes
from workflows.core.bpmn.vocabulary import (
    BPMN,
    CAMUNDA,
    FLOWABLE,
    LOOP_ATTRIBUTES,
    OWN,
    TRUE,
    ZEEBE,
)
from workflows.core.markup import Element


def read_loop(
    element: Element, *, catalog: Catalog, problems: Problems
) -> LoopSpec | None:
    """Return how an activity repeats, None when it does not (clause 10.3.7)."""
    found = [
        child
        for child in element.children
        if child.namespace == BPMN and child.name.endswith("LoopCharacteristics")
    ]
    if not found:
        return None
    if len(found) > 1:
        problems.add(
            "This activity repeats in two ways; keep one loop.",
            element=label(element),
            line=found[1].line,
        )
    loop = found[0]
    match loop.name:
        case "multiInstanceLoopCharacteristics":
            return _multi_instance(loop, element, catalog, problems)
        case "standardLoopCharacteristics":
            return _standard(loop, element, problems)
        case _:
            problems.add(
                f"<{loop.name}> is no loop that is run.",
                element=label(element),
                line=loop.line,
            )
            return None


def read_ad_hoc(
    element: Element, properties: Mapping[str, str], problems: Problems
) -> AdHocSpec:
    """Return how an ad-hoc sub-process runs (clause 10.3.5)."""
    ordering = element.get("ordering", "Parallel")
    if ordering not in {"Parallel", "Sequential"}:
        problems.add(
            f"ordering={ordering!r} must be Parallel or Sequential.",
            element=label(element),
            line=element.line,
        )
    return AdHocSpec(
        sequential=ordering == "Sequential",
        condition=_expression(element, "completionCondition", element, problems),
        cancel_remaining=element.get("cancelRemainingInstances", "true") in TRUE,
        start=feel_text(properties.get("start", "")),
    )


def _multi_instance(
    loop: Element, holder: Element, catalog: Catalog, problems: Problems
) -> LoopSpec:
    own = attributes(loop, OWN)
    _check_words(own, loop, holder, problems)
    words = {**_vendor_words(loop), **own}
    if loop.get("behavior", "All") != "All":
        problems.add(
            f"behavior={loop.get('behavior')!r} throws events between the iterations,"
            " which is not run; draw a throw event after the activity.",
            element=label(holder),
            line=loop.line,
        )
    spec = LoopSpec(
        kind=(
            LoopKind.SEQUENTIAL
            if loop.get("isSequential") in TRUE
            else LoopKind.PARALLEL
        ),
        cardinality=_expression(loop, "loopCardinality", holder, problems),
        collection=feel_text(words.get("collection", ""))
        or _data(loop, "loopDataInputRef", catalog),
        element=words.get("element", "") or _item(loop, "inputDataItem"),
        output_collection=words.get("outputCollection", "")
        or _data(loop, "loopDataOutputRef", catalog),
        output_element=feel_text(words.get("outputElement", ""))
        or _item(loop, "outputDataItem"),
        condition=_expression(loop, "completionCondition", holder, problems),
    )
    if not spec.cardinality and not spec.collection:
        problems.add(
            "A multi-instance activity needs a loopCardinality or a collection"
            " (cs:collection), so that it is known how often it runs.",
            element=label(holder),
            line=loop.line,
        )
    elif spec.output_collection and not spec.output_element:
        problems.add(
            f"The output collection {spec.output_collection!r} needs cs:outputElement:"
            " FEEL for what each iteration adds.",
            element=label(holder),
            line=loop.line,
        )
    return spec


def _vendor_words(loop: Element) -> dict[str, str]:
    words: dict[str, str] = {}
    for uri in (*sorted(CAMUNDA), FLOWABLE):
        given = attributes(loop, uri)
        for theirs, ours in (
            ("collection", "collection"),
            ("elementVariable", "element"),
        ):
            if given.get(theirs):
                words.setdefault(ours, given[theirs])
    for extra in extras_of(loop):
        if extra.namespace != ZEEBE or extra.name != "loopCharacteristics":
            continue
        for theirs, ours in (
            ("inputCollection", "collection"),
            ("inputElement", "element"),
            ("outputCollection", "outputCollection"),
            ("outputElement", "outputElement"),
        ):
            if extra.get(theirs):
                words.setdefault(ours, extra.get(theirs))
    return words


def _check_words(
    own: Mapping[str, str], loop: Element, holder: Element, problems: Problems
) -> None:
    for name in own.keys() - LOOP_ATTRIBUTES:
        near = difflib.get_close_matches(name, LOOP_ATTRIBUTES, n=1)
        hint = f"did you mean cs:{near[0]}?" if near else "remove it."
        problems.add(
            f"cs:{name} means nothing on <{loop.name}>; {hint}",
            element=label(holder),
            line=loop.line,
        )


def _standard(loop: Element, holder: Element, problems: Problems) -> LoopSpec:
    text = loop.get("loopMaximum")
    maximum = int(text) if text.isdecimal() else 0
    if text and not maximum:
        problems.add(
            f"loopMaximum={text!r} must be a whole number above zero.",
            element=label(holder),
            line=loop.line,
        )
    condition = _expression(loop, "loopCondition", holder, problems)
    if not condition and not text:
        problems.add(
            "A standard loop needs a loopCondition in FEEL or a loopMaximum, or it"
            " would never end.",
            element=label(holder),
            line=loop.line,
        )
    return LoopSpec(
        kind=LoopKind.STANDARD,
        condition=condition or "true",
        test_before=loop.get("testBefore") in TRUE,
        maximum=maximum,
    )


def _expression(parent: Element, name: str, holder: Element, problems: Problems) -> str:
    """Return the FEEL of a child element, empty when there is none."""
    child = parent.first(name)
    if child is None:
        return ""
    if not is_feel(child.get("language")):
        problems.add(
            f"The {name} is written in {child.get('language')}; only FEEL runs.",
            element=label(holder),
            line=child.line,
        )
        return ""
    return feel_text(child.text)


def _data(loop: Element, name: str, catalog: Catalog) -> str:
    """Return what a data input or output that the loop refers to is called."""
    child = loop.first(name)
    if child is None:
        return ""
    reference = feel_text(child.text)
    return catalog.data.get(local_name(reference), reference)


def _item(loop: Element, name: str) -> str:
    child = loop.first(name)
    return (child.get("name") or child.get("id")) if child else ""

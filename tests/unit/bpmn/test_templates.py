"""Element templates: sound by their schemas, whole, and read back from other modelers."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from workflows.bpmn import read_bpmn
from workflows.core.bpmn.graph import NodeKind, Process
from workflows.core.bpmn.linter import lint_process
from workflows.core.bpmn.templates import Dialect, write_templates
from workflows.core.bpmn.vocabulary import OWN_ATTRIBUTES

VENDOR = Path(__file__).parents[2] / "vendor"
SCHEMAS = {
    Dialect.CAMUNDA_7: "element-templates-json-schema-0.22.1",
    Dialect.CAMUNDA_8: "zeebe-element-templates-json-schema-0.46.0",
}
NAMESPACES = {
    Dialect.CAMUNDA_7: "http://camunda.org/schema/1.0/bpmn",
    Dialect.CAMUNDA_8: "http://camunda.org/schema/zeebe/1.0",
}
PREFIXES = {Dialect.CAMUNDA_7: "camunda", Dialect.CAMUNDA_8: "zeebe"}
VALUES = {
    "user-task": {
        "queue": "credit",
        "title": "applicant.name",
        "sla": "PT8H",
        "warn": "75%",
        "quorum": "2 of 3",
        "reject": "ends",
        "confidence": "score.value",
    },
    "service-task": {
        "handler": "credit.check",
        "handlerVersion": ">=1,<2",
        "retry.max": "5",
        "retry.base": "PT2S",
        "timeout": "PT10S",
        "result": "credit",
    },
}
ELEMENTS = {"user-task": "userTask", "service-task": "serviceTask"}


def find(dialect: Dialect, key: str) -> dict[str, Any]:
    return next(
        one for one in write_templates(dialect) if one["id"] == f"countersign.{key}"
    )


def apply(template: dict[str, Any], values: dict[str, str], dialect: Dialect) -> str:
    """Return extension elements as a modeler writes them for filled-in values."""
    prefix = PREFIXES[dialect]
    written = []
    for one in template["properties"]:
        binding, value = one["binding"], values.get(one["id"], "")
        assert binding["type"] == f"{prefix}:property"
        if value or not one.get("optional"):
            text = value.replace("<", "&lt;").replace(">", "&gt;")
            written.append(
                f'<{prefix}:property name="{binding["name"]}" value="{text}"/>'
            )
    return (
        f"<extensionElements><{prefix}:properties>{''.join(written)}"
        f"</{prefix}:properties></extensionElements>"
    )


def read(key: str, dialect: Dialect, values: dict[str, str]) -> Process:
    inner = apply(find(dialect, key), values, dialect)
    tag, prefix = ELEMENTS[key], PREFIXES[dialect]
    text = (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
        f' xmlns:{prefix}="{NAMESPACES[dialect]}" targetNamespace="urn:test">'
        f'<process id="main" isExecutable="true"><{tag} id="step" name="Step">{inner}'
        f"</{tag}></process></definitions>"
    )
    (found,) = read_bpmn(text.encode(), source="main.bpmn")
    return found


@pytest.mark.parametrize("dialect", SCHEMAS, ids=str)
def test_templates_are_sound_by_the_modelers_own_schema(dialect: Dialect) -> None:
    schema = json.loads((VENDOR / SCHEMAS[dialect] / "schema.json").read_text("utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    templates = write_templates(dialect)
    assert [
        (one["id"], error.message)
        for one in templates
        for error in validator.iter_errors(one)
    ] == []
    assert len({one["id"] for one in templates}) == len(templates)


@pytest.mark.parametrize("kind", list(OWN_ATTRIBUTES), ids=lambda kind: kind.value)
def test_every_attribute_that_an_element_takes_is_in_its_template(
    kind: NodeKind,
) -> None:
    element = f"bpmn:{kind.value[0].upper()}{kind.value[1:]}"
    (template,) = [
        one for one in write_templates(Dialect.OWN) if element in one["appliesTo"]
    ]
    names = {one["id"] for one in template["properties"]}
    assert {name for name in names if "." not in name} == OWN_ATTRIBUTES[kind]
    assert all(
        one["binding"] == {"type": "property", "name": f"cs:{one['id']}"}
        for one in template["properties"]
    )


@pytest.mark.parametrize("dialect", SCHEMAS, ids=str)
def test_what_another_modeler_writes_by_a_template_is_read(dialect: Dialect) -> None:
    wanted = VALUES["user-task"]
    process = read("user-task", dialect, wanted)
    step = process.nodes["step"]
    assert dict(step.properties) == wanted
    codes = {one.code for one in lint_process(process)}
    assert not codes & {"no-queue", "no-sla", "unknown-attribute"}
    work = read("service-task", dialect, VALUES["service-task"]).nodes["step"]
    assert (work.handler, work.handler_version) == ("credit.check", ">=1,<2")
    assert (work.timeout_seconds, work.result) == (10, "credit")
    assert work.retry is not None
    assert (work.retry.max_attempts, work.retry.base_seconds) == (5, 2)


def test_own_attribute_wins_over_a_property_and_an_unknown_one_is_found() -> None:
    text = (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
        ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
        ' xmlns:cs="urn:countersign:bpmn:1" targetNamespace="urn:test">'
        '<process id="main" isExecutable="true"><userTask id="step" cs:queue="ours">'
        '<extensionElements><camunda:properties><camunda:property name="cs:queue"'
        ' value="theirs"/><camunda:property name="cs:quue" value="x"/>'
        '<camunda:property name="colour" value="red"/></camunda:properties>'
        "</extensionElements></userTask></process></definitions>"
    )
    (process,) = read_bpmn(text.encode(), source="main.bpmn")
    assert dict(process.nodes["step"].properties) == {"queue": "ours", "quue": "x"}
    found = [one for one in lint_process(process) if one.code == "unknown-attribute"]
    assert "cs:quue" in found[0].message


def test_patterns_let_through_what_the_reader_takes_and_nothing_else() -> None:
    patterns = {
        one["id"]: one["constraints"]["pattern"]["value"]
        for template in write_templates(Dialect.OWN)
        for one in template["properties"]
        if "pattern" in one.get("constraints", {})
    }
    right = {
        "sla": ["", "PT8H", "P2D", "P1DT2H", "P1W", "PT1.5S"],
        "warn": ["", "75%", "0.75", "PT1H"],
        "retry.max": ["", "1", "100"],
    }
    wrong = {
        "sla": ["8h", "P", "PT", "P1Y", "soon"],
        "warn": ["75", "many"],
        "retry.max": ["0", "101", "two"],
    }
    for name, fits in right.items():
        assert all(re.match(patterns[name], one) for one in fits), name
        assert not any(re.match(patterns[name], one) for one in wrong[name]), name

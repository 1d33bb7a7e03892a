"""Deployment: immutable, named by version and digest, audited, safe under races."""

import io
import json
import threading
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

import tests.factories.handlers  # noqa: F401  registers the handlers
from tests.factories.processes import TESTER, chain, package, process
from workflows.audit import INSTALLATION
from workflows.core.bpmn.graph import NodeKind
from workflows.models import AuditEntry, Definition, DefinitionFile
from workflows.operations import definitions
from workflows.operations.errors import Conflict, NotFound
from workflows.operations.packages import PackageRefused

DEMO = Path(__file__).parents[3] / "review" / "demo" / "packages"


def files(name: str = "t", **options: str) -> dict[str, bytes]:
    body = (
        '<startEvent id="s"/><serviceTask id="t" cs:handler="test.double"'
        f' name="{name}"/><endEvent id="e"/>'
    )
    return package(process(body + chain("s", "t", "e")), **options)  # type: ignore[arg-type]


def entries(kind: str) -> list[dict[str, object]]:
    found = AuditEntry.objects.filter(chain=INSTALLATION, kind=kind).order_by("seq")
    return [json.loads(entry.entry)["detail"] for entry in found]


@pytest.mark.django_db
def test_deployment_stores_every_byte_and_is_audited() -> None:
    deployed = definitions.deploy(files=files(), actor=TESTER)
    definition = Definition.objects.get(pk=deployed.definition_id)
    assert deployed.created
    assert definition.deployed_by == TESTER.ref
    assert definition.digest == definitions.package_digest(files())
    stored = DefinitionFile.objects.filter(definition=definition)
    assert {row.path: bytes(row.content) for row in stored} == files()
    (detail,) = entries("definition.deployed")
    assert detail["digest"] == definition.digest


@pytest.mark.django_db
def test_contracts_of_the_handlers_are_stored() -> None:
    deployed = definitions.deploy(files=files(), actor=TESTER)
    contracts = Definition.objects.get(pk=deployed.definition_id).contracts
    contract = contracts["test.double 1.0.0"]
    assert contract["used_by"] == ["main/t"]
    assert contract["output"]["properties"]["doubled"]["type"] == "integer"
    assert len(contract["digest"]) == 64


@pytest.mark.django_db
def test_same_bytes_again_change_nothing() -> None:
    first = definitions.deploy(files=files(), actor=TESTER)
    again = definitions.deploy(files=files(), actor=TESTER)
    assert (again.definition_id, again.created) == (first.definition_id, False)
    assert len(entries("definition.deployed")) == 1


@pytest.mark.django_db
def test_same_version_with_other_bytes_is_refused() -> None:
    definitions.deploy(files=files(), actor=TESTER)
    with pytest.raises(Conflict, match="raise the version") as caught:
        definitions.deploy(files=files("other"), actor=TESTER)
    assert caught.value.code == "version-taken"
    assert Definition.objects.count() == 1


@pytest.mark.django_db
def test_refused_package_leaves_nothing() -> None:
    with pytest.raises(PackageRefused):
        definitions.deploy(
            files=package(process('<serviceTask id="t" cs:handler="no.such"/>')),
            actor=TESTER,
        )
    assert not Definition.objects.exists()
    assert entries("definition.deployed") == []


@pytest.mark.django_db
def test_versions_stand_side_by_side_and_the_newest_release_is_found() -> None:
    for version in ("1.2.0", "1.10.0", "2.0.0-rc.1"):
        definitions.deploy(files=files(version=version), actor=TESTER)
    found = definitions.find_definition(key="test-process")
    assert found is not None
    assert found.version == "1.10.0"
    exact = definitions.find_definition(key="test-process", version="2.0.0-rc.1")
    assert exact is not None
    assert definitions.find_definition(key="test-process", version="3.0.0") is None
    assert definitions.find_definition(key="nothing") is None


@pytest.mark.django_db
def test_pre_release_is_found_where_nothing_else_stands() -> None:
    definitions.deploy(files=files(version="1.0.0-rc.1"), actor=TESTER)
    found = definitions.find_definition(key="test-process")
    assert found is not None
    assert found.version == "1.0.0-rc.1"


@pytest.mark.django_db
def test_retired_definition_takes_no_new_instances() -> None:
    deployed = definitions.deploy(files=files(), actor=TESTER)
    definitions.retire(definition_id=deployed.definition_id, actor=TESTER)
    assert definitions.find_definition(key="test-process") is None
    assert definitions.compiled(deployed.definition_id).main.id == "main"
    assert len(entries("definition.retired")) == 1
    with pytest.raises(Conflict, match="retired already"):
        definitions.retire(definition_id=deployed.definition_id, actor=TESTER)
    with pytest.raises(NotFound):
        definitions.retire(definition_id=0, actor=TESTER)


@pytest.mark.django_db
def test_command_retires_a_version_once() -> None:
    definitions.deploy(files=files(), actor=TESTER)
    out = io.StringIO()
    call_command("retire_definition", "test-process", "1.0.0", stdout=out)
    assert out.getvalue() == "Retired test-process 1.0.0.\n"
    with pytest.raises(CommandError, match=r"test-process 1\.0\.0 is in force"):
        call_command("retire_definition", "test-process", "1.0.0")


@pytest.mark.django_db
def test_compiled_definition_is_kept_and_complete() -> None:
    deployed = definitions.deploy(
        files=definitions.load_package(DEMO / "travel-declaration"), actor=TESTER
    )
    compiled = definitions.compiled(deployed.definition_id)
    assert definitions.compiled(deployed.definition_id) is compiled
    assert compiled.definition.key == "travel-declaration"
    assert compiled.main.nodes["supervisor"].kind is NodeKind.USER_TASK
    assert "receipts" in compiled.decisions
    assert compiled.start_form is compiled.forms["declaration"]
    data = definitions.get_file(
        definition_id=deployed.definition_id, path="receipts.dmn"
    )
    assert b"<decisionTable" in data
    with pytest.raises(NotFound):
        definitions.get_file(definition_id=deployed.definition_id, path="other")
    with pytest.raises(NotFound):
        definitions.compiled(0)


@pytest.mark.django_db
def test_what_was_deployed_stays_readable_without_its_handlers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from workflows import handlers  # noqa: PLC0415

    deployed = definitions.deploy(files=files(version="1.0.7"), actor=TESTER)
    monkeypatch.setattr(handlers.registry, "_handlers", {})
    monkeypatch.setattr(handlers.registry, "_found", {})
    assert definitions.compiled(deployed.definition_id).main.id == "main"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE workflows_definitionfile SET content = 'x'",
        "DELETE FROM workflows_definitionfile",
        "UPDATE workflows_definition SET digest = 'x'",
        "UPDATE workflows_definition SET owner = 'me'",
        "DELETE FROM workflows_definition",
    ],
)
def test_database_refuses_to_change_a_deployed_definition(statement: str) -> None:
    definitions.deploy(files=files(), actor=TESTER)
    with (
        pytest.raises(DatabaseError, match=r"never changes|only ever added"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_deployments_at_once_make_one_definition() -> None:
    gate = threading.Barrier(4)
    made: list[bool] = []

    def deploy() -> None:
        gate.wait()
        try:
            made.append(definitions.deploy(files=files(), actor=TESTER).created)
        finally:
            connection.close()

    threads = [threading.Thread(target=deploy) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False, False, False, True]
    assert Definition.objects.count() == 1
    assert len(entries("definition.deployed")) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("path", sorted(DEMO.iterdir()), ids=lambda path: path.name)
def test_command_deploys_a_demo_package_once(path: Path) -> None:
    out = io.StringIO()
    call_command("deploy_definition", str(path), stdout=out)
    assert out.getvalue().startswith(f"Deployed {path.name} 1.0.0 (")
    out = io.StringIO()
    call_command("deploy_definition", str(path), "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert (told["created"], told["key"]) == (False, path.name)


@pytest.mark.django_db
def test_command_tells_every_problem(tmp_path: Path) -> None:
    (tmp_path / "package.toml").write_text("[package]\n")
    (tmp_path / "a.bpmn").write_text("<!DOCTYPE a><a/>")
    with pytest.raises(CommandError) as caught:
        call_command("deploy_definition", str(tmp_path))
    assert "a.bpmn:1" in str(caught.value)
    assert "key is missing" in str(caught.value)
    with pytest.raises(CommandError, match="no folder and no file"):
        call_command("deploy_definition", str(tmp_path / "nothing"))


def write(folder: Path, found: dict[str, bytes]) -> None:
    for name, data in found.items():
        (folder / name).write_bytes(data)


def test_lint_command_needs_no_database(tmp_path: Path) -> None:
    write(tmp_path, files("Check and pay"))
    out = io.StringIO()
    call_command("lint_definition", str(tmp_path), stdout=out)
    assert "[name-with-and]" in out.getvalue()
    with pytest.raises(CommandError, match="0 problems, 1 findings"):
        call_command("lint_definition", str(tmp_path), "--strict", stdout=out)


def test_lint_command_tells_problems_as_json(tmp_path: Path) -> None:
    write(tmp_path, package(process('<task id="t"/><userTask id="b" cs:form="no"/>')))
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 problems"):
        call_command("lint_definition", str(tmp_path), "--json", stdout=out)
    (problem,) = json.loads(out.getvalue())["problems"]
    assert problem["element"] == "b"


def test_lint_command_finds_nothing_in_a_sound_package(tmp_path: Path) -> None:
    write(tmp_path, files())
    out = io.StringIO()
    call_command("lint_definition", str(tmp_path), stdout=out)
    assert out.getvalue() == "Nothing found.\n"


def test_lint_command_tells_findings_as_sarif(tmp_path: Path) -> None:
    write(tmp_path, files("Check and pay"))
    out = io.StringIO()
    call_command("lint_definition", str(tmp_path), "--sarif", stdout=out)
    (run,) = json.loads(out.getvalue())["runs"]
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("name-with-and", "note")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].endswith(".bpmn")

"""A deployed definition comes back whole: as a package, as a model, as a picture."""

import io
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

import tests.factories.handlers  # noqa: F401  registers the handlers
from tests.factories.processes import TESTER, package, process
from workflows.core.bpmn.drawing import BPMNDI
from workflows.operations import definitions, exports
from workflows.operations.errors import NotFound

BODY = (
    '<startEvent id="s"/><!-- kept --><sequenceFlow sourceRef="s" targetRef="e"/>'
    '<endEvent id="e" name="Prüfung"/>'
)


def deploy(**options: str) -> int:
    files = package(process(BODY), **options)  # type: ignore[arg-type]
    return definitions.deploy(files=files, actor=TESTER).definition_id


@pytest.mark.django_db
def test_package_comes_back_byte_for_byte_and_deploys_to_the_same_digest() -> None:
    definition_id = deploy()
    exported = exports.export_package(definition_id=definition_id)
    assert exported == exports.export_package(definition_id=definition_id)
    with zipfile.ZipFile(io.BytesIO(exported.content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert files == exports.read_files(definition_id=definition_id)
    again = definitions.deploy(files=files, actor=TESTER)
    assert (again.definition_id, again.created) == (definition_id, False)


@pytest.mark.django_db
def test_exported_model_has_ids_and_a_diagram_and_deploys_as_the_same_process() -> None:
    definition_id = deploy()
    model = exports.export_model(definition_id=definition_id)
    assert b'<sequenceFlow id="s--e"' in model.content
    assert b"<!-- kept -->" in model.content
    assert BPMNDI.encode() in model.content
    files = exports.read_files(definition_id=definition_id)
    path = next(path for path in files if path.endswith(model.name))
    manifest = files["package.toml"].replace(b"1.0.0", b"1.0.1")
    newer = {**files, path: model.content, "package.toml": manifest}
    deployed = definitions.deploy(files=newer, actor=TESTER)
    before = definitions.compiled(definition_id).main
    after = definitions.compiled(deployed.definition_id).main
    assert set(after.flows) == set(before.flows)
    assert set(after.nodes) == set(before.nodes)


@pytest.mark.django_db
def test_what_is_not_there_is_said() -> None:
    definition_id = deploy()
    with pytest.raises(NotFound, match="no process 'other'"):
        exports.export_model(definition_id=definition_id, process_id="other")
    with pytest.raises(NotFound, match="no definition nothing"):
        exports.get_definition(key="nothing")
    with pytest.raises(NotFound):
        exports.export_package(definition_id=0)


@pytest.mark.django_db
def test_command_writes_zip_model_and_folder(tmp_path: Path) -> None:
    definition_id = deploy(key="give-back")
    files = exports.read_files(definition_id=definition_id)
    for name in ("p.zip", "p.bpmn", "folder"):
        call_command("export_definition", "give-back", "--out", str(tmp_path / name))
    written = definitions.load_package(tmp_path / "p.zip")
    assert written == files
    assert definitions.load_package(tmp_path / "folder") == files
    assert BPMNDI in (tmp_path / "p.bpmn").read_text(encoding="utf-8")


@pytest.mark.django_db
def test_command_gives_the_wanted_version_even_a_retired_one(tmp_path: Path) -> None:
    old = deploy(key="give-back", version="1.0.0")
    deploy(key="give-back", version="1.1.0")
    definitions.retire(definition_id=old, actor=TESTER)
    out = tmp_path / "old.zip"
    arguments = ["give-back", "--version", "1.0.0", "--out", str(out)]
    call_command("export_definition", *arguments)
    assert b'"1.0.0"' in definitions.load_package(out)["package.toml"]


@pytest.mark.django_db
def test_command_refuses_in_one_sentence(tmp_path: Path) -> None:
    deploy(key="give-back")
    there = tmp_path / "there.zip"
    there.write_bytes(b"")
    with pytest.raises(CommandError, match="is there already; give --force"):
        call_command("export_definition", "give-back", "--out", str(there))
    arguments = ["other", "--version", "2", "--out", str(tmp_path / "x.zip")]
    with pytest.raises(CommandError, match="There is no definition other 2"):
        call_command("export_definition", *arguments)
    with pytest.raises(CommandError, match="cannot be written"):
        call_command(
            "export_definition", "give-back", "--out", str(tmp_path / "no" / "x.zip")
        )
    call_command("export_definition", "give-back", "--out", str(there), "--force")
    assert there.read_bytes()

"""Packages: files from folders and archives, and what is wrong inside them."""

import io
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

import tests.factories.handlers  # noqa: F401  registers the handlers
from tests.factories.processes import bpmn, chain, package, process
from workflows.operations import packages
from workflows.operations.errors import Invalid, NotFound
from workflows.operations.packages import PackageRefused, load_archive, load_package

SOUND = process(
    '<startEvent id="s"/><task id="t"/><endEvent id="e"/>' + chain("s", "t", "e")
)


def archive(files: Mapping[str, bytes], *, mode: int = 0) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, data)
    return buffer.getvalue()


def problems(files: Mapping[str, bytes]) -> str:
    with pytest.raises(PackageRefused) as caught:
        packages.read_package(files)
    assert caught.value.problems
    return str(caught.value)


def task(attributes: str, *, kind: str = "userTask") -> dict[str, bytes]:
    return package(
        process(
            f'<startEvent id="s"/><{kind} id="t" {attributes}/><endEvent id="e"/>'
            + chain("s", "t", "e")
        )
    )


def test_folder_and_archive_give_the_same_files(tmp_path: Path) -> None:
    files = package(SOUND, files={"forms/f.json": b'{"type": "object"}'})
    for name, data in files.items():
        path = tmp_path / "p" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "p" / ".hidden").write_text("x")
    (tmp_path / "p.zip").write_bytes(archive(files))
    (tmp_path / "inner.zip").write_bytes(
        archive({f"p/{name}": data for name, data in files.items()})
    )
    assert load_package(tmp_path / "p") == files
    assert load_package(tmp_path / "p.zip") == files
    assert load_package(tmp_path / "inner.zip") == files


@pytest.mark.parametrize(
    "name",
    [
        "../evil.bpmn",
        "/etc/evil.bpmn",
        "a/../../evil.bpmn",
        "a\\evil.bpmn",
        "C:evil.md",
    ],
)
def test_archive_that_reaches_outside_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="no path inside a package"):
        load_archive(archive({"package.toml": b"", name: b"x"}), name="p.zip")


def test_links_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="holds no links"):
        load_archive(
            archive({"a.md": b"/etc/passwd"}, mode=stat.S_IFLNK | 0o777), name="p.zip"
        )
    (tmp_path / "a.md").symlink_to("/etc/passwd")
    with pytest.raises(Invalid, match="holds no links"):
        load_package(tmp_path)


def test_what_unpacks_beyond_the_limits_is_refused() -> None:
    large = archive({"a.md": b"0" * (packages.MAX_FILE_BYTES + 1)})
    assert len(large) < 50_000
    with pytest.raises(Invalid, match=r"a\.md is larger"):
        load_archive(large, name="p.zip")
    many = archive({f"{number}.md": b"" for number in range(packages.MAX_FILES + 1)})
    with pytest.raises(Invalid, match="more than"):
        load_archive(many, name="p.zip")
    total = {f"{number}.md": b"0" * packages.MAX_FILE_BYTES for number in range(5)}
    with pytest.raises(Invalid, match="more than"):
        load_archive(archive(total), name="p.zip")


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no zip archive"):
        load_archive(b"PK but not really", name="p.zip")
    with pytest.raises(Invalid, match="holds no files"):
        load_package(tmp_path)
    with pytest.raises(NotFound, match="no folder and no file"):
        load_package(tmp_path / "missing")


def test_sound_package_is_read() -> None:
    contents = packages.read_package(package(SOUND))
    assert set(contents.processes) == {"main"}
    assert contents.findings == ()


def test_unknown_handler_is_refused_where_it_is_named() -> None:
    told = problems(task('cs:handler="no.such"', kind="serviceTask"))
    assert "t: No handler is named 'no.such'" in told


def test_version_of_a_handler_that_is_not_there_is_refused() -> None:
    told = problems(
        task('cs:handler="test.noop" cs:handlerVersion="7"', kind="serviceTask")
    )
    assert "no version within '7'; registered: 1.0.0" in told


def test_unknown_decision_grid_and_form_are_refused() -> None:
    assert "cs:grid names 'g'" in problems(task('cs:grid="g"'))
    assert "there is no forms/f.json" in problems(task('cs:form="f"'))
    rule = task('cs:decision="d"', kind="businessRuleTask")
    assert "cs:decision names 'd'" in problems(rule)


def test_broken_parts_are_told_together() -> None:
    told = problems({
        "main.bpmn": bpmn(process("")),
        "package.toml": b"",
        "d.dmn": b"<nonsense/>",
        "forms/f.json": b"[]",
        "run.exe": b"MZ",
    })
    for words in ("start event", "[package]", "d.dmn", "forms/f.json", "run.exe"):
        assert words in told


def test_main_process_must_be_in_the_package() -> None:
    other = process('<startEvent id="s"/>', process_id="other")
    assert "main process 'main' is in no BPMN file" in problems(package(other))


def test_process_in_two_files_is_refused() -> None:
    files = {**package(SOUND), "second.bpmn": bpmn(SOUND)}
    assert "is also in" in problems(files)


def test_package_without_bpmn_or_manifest_is_refused() -> None:
    told = problems({"readme.md": b""})
    assert "no BPMN file" in told
    assert "no package.toml" in told

"""Give deployed definitions back: the package as it is, its models completed and drawn.

Reads only. What is given never changes, since a deployed definition does not.
"""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from workflows.bpmn import export_bpmn, show_bpmn
from workflows.models import Definition, DefinitionFile
from workflows.operations.errors import NotFound

# The earliest that zip can hold: the same package is the same bytes each time.
_ZIP_MOMENT = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16


@dataclass(frozen=True, slots=True)
class Exported:
    """A file to hand out."""

    name: str
    content: bytes


def get_definition(*, key: str, version: str = "") -> Definition:
    """Return a deployed definition, retired or not; the newest without a version.

    Raises NotFound.
    """
    found = Definition.objects.filter(key=key)
    if version:
        found = found.filter(version=version)
    definition = found.order_by("-version_order").first()
    if definition is None:
        raise NotFound(f"There is no definition {f'{key} {version}'.strip()}.")
    return definition


def export_package(*, definition_id: int) -> Exported:
    """Return the package as a zip, every file byte for byte as it was deployed.

    Deploying it elsewhere gives the same digest. Raises NotFound.
    """
    definition = _definition(definition_id)
    files = read_files(definition_id=definition_id)
    return Exported(
        name=f"{definition.key}-{definition.version}.zip", content=write_archive(files)
    )


def write_archive(files: Mapping[str, bytes]) -> bytes:
    """Return a package as a zip; the same files are the same bytes each time."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            info = zipfile.ZipInfo(path, date_time=_ZIP_MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = _READABLE
            archive.writestr(info, files[path])
    return written.getvalue()


def read_files(*, definition_id: int) -> dict[str, bytes]:
    """Return the files of a package by path, as they were deployed."""
    rows = DefinitionFile.objects.filter(definition_id=definition_id).order_by("path")
    return {row.path: bytes(row.content) for row in rows}


def export_model(*, definition_id: int, process_id: str = "") -> Exported:
    """Return the BPMN file of a process (the main one), complete with ids and diagram.

    All that the deployed file holds is in it word for word. Raises NotFound.
    """
    path, content = _model(definition_id, process_id)
    return Exported(
        name=PurePosixPath(path).name, content=export_bpmn(content, source=path)
    )


@lru_cache(maxsize=64)
def show_model(*, definition_id: int, process_id: str = "") -> str:
    """Return what the diagram page draws: the exported model as text.

    Kept, since laying out a large model takes time. Raises NotFound.
    """
    path, content = _model(definition_id, process_id)
    return show_bpmn(content, source=path)


def _definition(definition_id: int) -> Definition:
    definition = Definition.objects.filter(pk=definition_id).first()
    if definition is None:
        raise NotFound(f"There is no definition {definition_id}.")
    return definition


def _model(definition_id: int, process_id: str) -> tuple[str, bytes]:
    definition = _definition(definition_id)
    name = process_id or definition.process_id
    summary = definition.processes.get(name)
    if summary is None:
        raise NotFound(f"{definition} has no process {name!r}.")
    path = str(summary["source"])
    row = DefinitionFile.objects.filter(definition=definition, path=path).first()
    if row is None:
        raise NotFound(f"{definition} has no file {path!r}.")
    return path, bytes(row.content)

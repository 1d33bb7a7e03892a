"""Write files that a crash leaves whole or not there at all."""

import os
import secrets
from pathlib import Path


def write_new(file: Path, text: str) -> None:
    """Create a private file whole or not at all; raises `FileExistsError`."""
    draft = _write_draft(file, text)
    try:
        os.link(draft, file)
    finally:
        draft.unlink()
    sync_folder(file.parent)


def replace(file: Path, text: str) -> None:
    """Put a text in a file's place; a crash leaves the old one or the new one."""
    _write_draft(file, text).replace(file)
    sync_folder(file.parent)


def write_once(file: Path, data: bytes) -> bool:
    """Write a file in its place, never over another; False where one stands.

    For folders that let nobody rename or remove: a crash may leave a part of it.
    """
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    sync_folder(file.parent)
    return True


def _write_draft(file: Path, text: str) -> Path:
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    return draft


def sync_folder(folder: Path) -> None:
    """Let what was made or renamed in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

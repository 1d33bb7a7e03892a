"""Installing a lock: once, and only what changed."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from config.local import install


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(install, "PROJECT", tmp_path)
    for name in ("requirements.lock", "requirements-dev.lock"):
        (tmp_path / name).write_text(f"# {name}\n")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    return tmp_path


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    found: list[Sequence[str]] = []

    def run(
        command: Sequence[str], *, check: bool
    ) -> subprocess.CompletedProcess[bytes]:
        found.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    return found


def stamp_of(project: Path, name: str) -> str:
    return hashlib.sha256((project / name).read_bytes()).hexdigest()


def test_lock_is_installed_once(project: Path, runs: list[Sequence[str]]) -> None:
    assert install.main(["requirements.lock"]) == 0
    assert install.main(["requirements.lock"]) == 0
    assert len(runs) == 1
    assert "--require-hashes" in runs[0]
    stamp = (project / ".venv" / "installed.sha256").read_text().strip()
    assert stamp == stamp_of(project, "requirements.lock")


def test_changed_lock_is_installed_again(
    project: Path, runs: list[Sequence[str]]
) -> None:
    install.main(["requirements.lock"])
    (project / "requirements.lock").write_text("# other\n")
    install.main(["requirements.lock"])
    assert len(runs) == 2


def test_development_lock_serves_for_both(
    project: Path, runs: list[Sequence[str]]
) -> None:
    install.main(["requirements-dev.lock"])
    install.main(["requirements.lock"])
    assert len(runs) == 1


def test_failed_installation_leaves_no_stamp(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        subprocess,
        "run",
        lambda command, **_: subprocess.CompletedProcess(command, 1),
    )
    assert install.main(["requirements.lock"]) == 1
    assert not (project / ".venv" / "installed.sha256").exists()


def test_old_python_is_refused_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.version_info", (3, 10, 1))
    assert install.main(["requirements.lock"]) == 1
    assert "Python 3.11 or newer is needed" in capsys.readouterr().out

"""Every management command of ours is named in some test."""

from __future__ import annotations

from tests.architecture.files import list_python, read


def test_every_command_has_a_test() -> None:
    commands = {
        path.stem
        for path in list_python()
        if path.parts[1:3] == ("management", "commands") and path.stem != "__init__"
    }
    assert commands >= {"up", "work", "sweep", "seal"}
    tests = "\n".join(
        read(path)
        for path in list_python()
        if path.parts[0] == "tests" and path.parts[1] != "architecture"
    )
    untested = {name for name in commands if f'"{name}"' not in tests}
    assert untested == set()

"""`package.toml`: what a package of a definition says about itself. No files here."""

import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.core.contracts import Version, VersionError

MANIFEST = "package.toml"

_KEY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_VERSION_LINE = re.compile(
    r"""(\s*version\s*=\s*)(?:"[^"\n]*"|'[^'\n]*')(.*\n?)""", re.DOTALL
)
_KEY_LIMIT = 100
_TEXT_LIMIT = 200
_WORDS = ("key", "version", "name", "owner", "description", "process")
_REQUIRED = ("key", "version", "name", "owner", "process")


class ManifestError(ValueError):
    """`package.toml` cannot be used; `problems` are whole sentences."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `package.toml` says. `process` is the id of the main process."""

    key: str
    version: Version
    name: str
    owner: str
    process: str
    description: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


def read_manifest(data: bytes) -> Manifest:
    """Read `package.toml`: a table `package` and, if wanted, a table `settings`.

    Raises ManifestError with every problem found.
    """
    try:
        document = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError((f"{MANIFEST} is no TOML: {error}.",)) from error
    package = document.get("package")
    if not isinstance(package, dict):
        raise ManifestError((f"{MANIFEST} has no table [package].",))
    problems = [
        f"{MANIFEST} has an unknown table or key {word!r}; known: package, settings."
        for word in document
        if word not in {"package", "settings"}
    ]
    problems += _problems(package)
    settings = document.get("settings", {})
    if not isinstance(settings, dict) or not _is_json(settings):
        problems.append(
            "settings must be a table of texts, numbers, booleans, lists and tables;"
            " write dates as text."
        )
    if problems:
        raise ManifestError(tuple(problems))
    return Manifest(
        key=package["key"],
        version=Version.parse(package["version"]),
        name=package["name"],
        owner=package["owner"],
        process=package["process"],
        description=package.get("description", ""),
        settings=settings,
    )


def write_manifest(
    *, key: str, version: str, name: str, owner: str, process: str
) -> bytes:
    """Return the text of a package.toml for a package that brings none."""
    words = {
        "key": key,
        "version": version,
        "name": name,
        "owner": owner,
        "process": process,
    }
    lines = (f"{word} = {_quote(text)}" for word, text in words.items())
    return ("\n".join(["[package]", *lines]) + "\n").encode()


def with_version(data: bytes, version: str) -> bytes:
    """Return a package.toml with another version, all else word for word.

    Raises ManifestError where no line says the version.
    """
    lines = data.decode(errors="replace").splitlines(keepends=True)
    table = ""
    for number, line in enumerate(lines):
        if line.lstrip().startswith("["):
            table = line.strip().partition("#")[0].strip()
        if table == "[package]" and (found := _VERSION_LINE.match(line)):
            lines[number] = f"{found[1]}{_quote(version)}{found[2]}"
            return "".join(lines).encode()
    raise ManifestError((f"{MANIFEST} has no line that says the version.",))


def _quote(text: str) -> str:
    """Return text as a TOML basic string; JSON's escapes are among TOML's."""
    return json.dumps(text)


def _is_json(value: object) -> bool:
    if isinstance(value, dict):
        return all(_is_json(item) for item in value.values())
    if isinstance(value, list):
        return all(_is_json(item) for item in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, str | int | bool)


def _problems(package: Mapping[str, Any]) -> list[str]:
    problems = [
        f"[package] has an unknown key {word!r}; known: {', '.join(_WORDS)}."
        for word in package
        if word not in _WORDS
    ]
    for word in _WORDS:
        value = package.get(word, "")
        if not isinstance(value, str):
            problems.append(f"[package] {word} must be text in quotes.")
        elif word in _REQUIRED and not value.strip():
            problems.append(f"[package] {word} is missing.")
        elif word != "description" and len(value) > _TEXT_LIMIT:
            problems.append(f"[package] {word} is longer than {_TEXT_LIMIT}.")
    if not problems:
        problems += _key_problems(package["key"]) + _version_problems(
            package["version"]
        )
    return problems


def _key_problems(key: str) -> list[str]:
    if _KEY.fullmatch(key) and len(key) <= _KEY_LIMIT:
        return []
    return [
        (
            f"[package] key {key!r} must be lower-case words joined by hyphens,"
            f" at most {_KEY_LIMIT} characters, such as travel-declaration."
        )
    ]


def _version_problems(version: str) -> list[str]:
    try:
        Version.parse(version)
    except VersionError as error:
        return [f"[package] version: {error}"]
    if "+" in version:
        return [
            (
                f"[package] version {version!r} has build metadata, which is no part of"
                " a version's order; leave it out."
            )
        ]
    return []

"""Settings as a process sees them: what production refuses, what every page carries."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from tests.integration.local.running import manage

PRODUCTION = {
    "COUNTERSIGN_ENV": "production",
    "COUNTERSIGN_SECRET_KEY": "k3y-" * 15 + "-of-letters-and-more",
    "COUNTERSIGN_ALLOWED_HOSTS": "review.example.com",
    "COUNTERSIGN_ORIGINS": "https://review.example.com",
    "DATABASE_URL": "postgres://app@db.example.com/review",
    "REDIS_URL": "redis://valkey.example.com/0",
}


def test_production_passes_djangos_own_deployment_checks(tmp_path: Path) -> None:
    done = manage(tmp_path, "check", "--deploy", "--fail-level=WARNING", **PRODUCTION)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("COUNTERSIGN_DEBUG", "on"),
        ("COUNTERSIGN_SECRET_KEY", "short"),
        ("COUNTERSIGN_ALLOWED_HOSTS", "*"),
        ("COUNTERSIGN_ORIGINS", ""),
        ("DATABASE_URL", ""),
        ("REDIS_URL", ""),
    ],
)
def test_production_refuses_unsafe_values(
    tmp_path: Path, variable: str, value: str
) -> None:
    done = manage(tmp_path, "check", **PRODUCTION | {variable: value})
    assert done.returncode == 1
    assert done.stderr.startswith("manage.py: Refusing to start in production:")
    assert variable in done.stderr
    assert done.stderr.count("\n") == 1


def test_misspelt_variable_is_refused(tmp_path: Path) -> None:
    done = manage(tmp_path, "check", COUNTERSIGN_DEBGU="1")
    assert done.stderr == (
        "manage.py: COUNTERSIGN_DEBGU is not a setting of this program."
        " Did you mean COUNTERSIGN_DEBUG?\n"
    )


def test_pages_carry_a_strict_policy(client: Client) -> None:
    policy = client.get("/sign-in/").headers["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["object-src"] == directives["frame-ancestors"] == "'none'"
    assert directives["style-src"] == directives["connect-src"] == "'self'"
    assert "unsafe" not in policy
    assert "*" not in policy

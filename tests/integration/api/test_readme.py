"""The README's example is accepted as it stands there."""

import json
import re
from pathlib import Path

import pytest

from tests.factories.processes import TESTER
from tests.integration.api.conftest import Post
from workflows.operations import definitions

PROJECT = Path(__file__).parents[3]


@pytest.mark.django_db
def test_example_of_the_readme_starts_an_instance(post: Post) -> None:
    definitions.deploy(
        files=definitions.load_package(
            PROJECT / "review" / "demo" / "packages" / "travel-declaration"
        ),
        actor=TESTER,
    )
    readme = (PROJECT / "README.md").read_text()
    (example,) = re.findall(r"-d '(\{.*?\})'", readme, re.DOTALL)
    response = post(example, key="trip-4711")
    assert response.status_code == 201, response.content
    assert json.loads(response.content)["definition"] == "travel-declaration 1.0.0"
    assert "Authorization: Bearer" in readme

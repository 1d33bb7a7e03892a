"""Static files: streamed under ASGI, hashed with their modules' imports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import AsyncClient, Client
from pytest_django.fixtures import Settings


async def test_file_streams_under_asgi(async_client: AsyncClient) -> None:
    answer = await async_client.get("/static/css/tokens.css")
    assert answer.status_code == 200
    assert answer.streaming
    chunks = [chunk async for chunk in answer]  # type: ignore[attr-defined]
    assert sum(map(len, chunks)) == int(answer.headers["Content-Length"])


async def test_unchanged_file_has_no_body_under_asgi(async_client: AsyncClient) -> None:
    first = await async_client.get("/static/css/tokens.css")
    first.close()
    again = await async_client.get(
        "/static/css/tokens.css", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert again.status_code == 304
    assert again.content == b""


def test_file_is_served_under_wsgi(client: Client) -> None:
    answer = client.get("/static/css/tokens.css")
    assert answer.status_code == 200
    assert b"{" in answer.getvalue()


@pytest.mark.parametrize("path", ["/static/../manage.py", "/static/nothing.css"])
async def test_other_paths_are_not_static_files(
    async_client: AsyncClient, path: str
) -> None:
    answer = await async_client.get(path)
    assert answer.status_code in {302, 404}


def test_imports_of_modules_get_hashed_names(
    tmp_path: Path, settings: Settings
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "main.js").write_text('import { one } from "./one.js";\none();\n')
    (source / "one.js").write_text("export function one() {}\n")
    settings.STATIC_ROOT = tmp_path / "collected"
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = [
        "django.contrib.staticfiles.finders.FileSystemFinder"
    ]
    settings.STORAGES = {
        "staticfiles": {"BACKEND": "config.storage.HashedStaticFilesStorage"}
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    names = json.loads((settings.STATIC_ROOT / "staticfiles.json").read_text())["paths"]
    main = (settings.STATIC_ROOT / names["main.js"]).read_text()
    assert f'"./{names["one.js"]}"' in main

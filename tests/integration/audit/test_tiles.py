"""The log read over HTTP alone, by a reader that shares no code with what writes it."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import Settings

from review.core.evidence.scopes import AuditScope
from review.core.states import Role
from review.operations.people import people
from tests.factories.desk import build_world
from tests.integration.audit.rows import NOW, an_instance
from workflows.core.actors import COMMAND_LINE
from workflows.core.merkle import verify_consistency, verify_inclusion
from workflows.models import AuditEntry
from workflows.operations.checkpoints import seal
from workflows.operations.log_key import KeyFolder
from workflows.operations.tokens import create_token

pytestmark = pytest.mark.django_db


def mth(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 2.1, over leaf hashes, as the text defines it."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962 2.1.2."""
    n = len(leaves)
    if m == n:
        return [] if whole else [mth(leaves)]
    k = 1
    while k * 2 < n:
        k *= 2
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), mth(leaves[:k])]


class Reader:
    """Reads a log as c2sp.org/tlog-tiles says, from nothing but `get(path)`."""

    def __init__(self, get: Callable[[str], bytes]) -> None:
        self.get = get
        _, size, root = get("checkpoint").decode().split("\n")[:3]
        self.size, self.root = int(size), base64.b64decode(root)

    def tiles(self, kind: str, count: int) -> list[bytes]:
        """Fetch the tiles that hold `count` things, the last perhaps partial."""
        full, rest = divmod(count, 256)
        names = [f"tile/{kind}/{number:03d}" for number in range(full)]
        if rest:
            names.append(f"tile/{kind}/{full:03d}.p/{rest}")
        return [self.get(name) for name in names]

    def hashes(self, level: int) -> list[bytes]:
        """Return all complete hashes of a level."""
        data = b"".join(self.tiles(str(level), self.size >> 8 * level))
        return [data[at : at + 32] for at in range(0, len(data), 32)]

    def entries(self) -> list[bytes]:
        """Return all entries, unpacked from their bundles."""
        found = []
        for data in self.tiles("entries", self.size):
            at = 0
            while at < len(data):
                length = int.from_bytes(data[at : at + 2], "big")
                found.append(data[at + 2 : at + 2 + length])
                at += 2 + length
        return found


def test_whole_log_is_read_and_proven_from_its_files(
    keys: KeyFolder, settings: Settings
) -> None:
    settings.LOG_PUBLIC = "entries"
    an_instance(entries=299)
    seal(folder=keys, now=NOW)
    client = Client()

    def get(name: str) -> bytes:
        answer = client.get(f"/log/{name}")
        assert answer.status_code == 200, name
        return bytes(answer.content)

    old = Reader(get)
    an_instance(entries=400)
    seal(folder=keys, now=NOW)
    reader = Reader(get)
    assert (old.size, reader.size) == (300, 700)
    leaves = reader.hashes(0)
    entries = reader.entries()
    assert leaves == [hashlib.sha256(b"\0" + entry).digest() for entry in entries]
    stored = AuditEntry.objects.order_by("id").values_list("entry", flat=True)
    assert [entry.decode() for entry in entries] == list(stored)
    assert mth(leaves) == reader.root
    assert reader.hashes(1) == [mth(leaves[:256]), mth(leaves[256:512])]
    for index in (0, 255, 256, 511, 699):
        assert verify_inclusion(
            leaf=leaves[index],
            index=index,
            size=700,
            proof=path(index, leaves),
            root=reader.root,
        )
    assert verify_consistency(
        old_size=old.size,
        size=reader.size,
        old_root=old.root,
        root=reader.root,
        proof=subproof(old.size, leaves),
    )
    # Partial tiles of older checkpoints stay, what no checkpoint covers is not there.
    assert get("tile/0/001.p/44") == get("tile/0/001")[: 44 * 32]
    for name in ("0/002.p/189", "0/002", "0/003.p/1", "1/000", "1/000.p/3", "2/000.p/1",
                 "entries/002", "8/000.p/1", "0/2", "nonsense"):  # fmt: skip
        assert client.get(f"/log/tile/{name}").status_code == 404, name


def test_headers_are_those_of_the_specification(
    keys: KeyFolder, settings: Settings
) -> None:
    settings.LOG_PUBLIC = "entries"
    client = Client()
    assert client.get("/log/checkpoint").status_code == 404
    an_instance(entries=299)
    seal(folder=keys, now=NOW)
    note = client.get("/log/checkpoint")
    assert note["Content-Type"] == "text/plain; charset=utf-8"
    assert note["Cache-Control"] == "max-age=2"
    assert note.content.decode() == keys.read_last_note()
    tile = client.get("/log/tile/0/000")
    assert tile["Content-Type"] == "application/octet-stream"
    assert "immutable" in tile["Cache-Control"]
    assert "public" in tile["Cache-Control"]
    assert len(tile.content) == 8192
    plain = client.get("/log/tile/entries/000")
    packed = client.get("/log/tile/entries/000", headers={"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert client.post("/log/checkpoint").status_code == 405


def test_who_may_read_what(keys: KeyFolder, settings: Settings) -> None:
    """Hashes tell nothing of anybody; entries are for auditors unless told otherwise."""
    world = build_world()
    seal(folder=keys, now=NOW)
    plain = create_token(name="erp", actor=COMMAND_LINE).secret
    secret = create_token(name="monitor", actor=COMMAND_LINE, reads_log=True).secret
    readers = {
        "stranger": Client(),
        "alice": world.browser("alice"),  # a reviewer
        "dan": world.browser("dan"),  # the auditor
        "olga": world.browser("olga"),  # a process owner
        "token": Client(headers={"Authorization": f"Bearer {plain}"}),
        "log's token": Client(headers={"Authorization": f"Bearer {secret}"}),
        "bad token": Client(headers={"Authorization": "Bearer cs_nonsense"}),
    }
    names = ("checkpoint", "tile/0/000.p/3", "tile/entries/000.p/3")
    for setting, strangers in (
        ("nothing", (401, 401, 401)),
        ("hashes", (200, 200, 401)),
        ("entries", (200, 200, 200)),
    ):
        settings.LOG_PUBLIC = setting
        seen = {
            who: tuple(client.get(f"/log/{name}").status_code for name in names)
            for who, client in readers.items()
        }
        others = tuple(403 if code == 401 else code for code in strangers)
        assert seen == {
            "stranger": strangers,
            "alice": others,
            "dan": (200, 200, 200),
            "olga": (200, 200, 200),
            "token": (200, 200, others[2]),
            "log's token": (200, 200, 200),
            "bad token": strangers,
        }
    settings.LOG_PUBLIC = "nothing"
    limits = AuditScope(queues=("desk",))
    people.grant_role(
        person=world.people["dan"], role=Role.AUDITOR, actor=COMMAND_LINE, scope=limits
    )
    limited = world.browser("dan")
    assert [limited.get(f"/log/{name}").status_code for name in names] == [
        200,
        200,
        403,
    ]
    private = readers["dan"].get("/log/tile/0/000.p/3")
    assert "private" in private["Cache-Control"]
    assert readers["stranger"].get("/log/checkpoint")["WWW-Authenticate"] == "Bearer"

"""Where calls may go: the rules, and a call to somebody who never answers."""

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from workflows.connectors import egress as way_out
from workflows.core.egress import (
    AllowedHost,
    NotAllowed,
    Target,
    check_addresses,
    check_url,
    is_public,
    read_allowed,
)

ALLOWED = read_allowed([
    "hooks.example.com",
    ".office.example.com",
    "private:chat.internal:8443",
])


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://hooks.example.com/a?b", Target("hooks.example.com", 443, "/a?b", may_be_private=False)),
        ("https://HOOKS.example.com.", Target("hooks.example.com", 443, "/", may_be_private=False)),
        ("https://x.office.example.com:443/", Target("x.office.example.com", 443, "/", may_be_private=False)),
        ("https://chat.internal:8443/#f", Target("chat.internal", 8443, "/", may_be_private=True)),
    ],
)  # fmt: skip
def test_allowed_urls_are_taken_apart(url: str, target: Target) -> None:
    assert check_url(url, allowed=ALLOWED) == target


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "https://hooks.example.com:8443/",
        "https://hooks.example.com.evil.com/",
        "https://office.example.com/",
        "https://xoffice.example.com/",
        "https://user@hooks.example.com/",
        "https://hooks.example.com\\@evil.com/",
        "https://evil.com#@hooks.example.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[/",
        "https://hooks.example.com:99999/",
        "https://hooks.example.com/ä",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\n",
        "https://hooks.example.com/" + "a" * 2000,
        "file:///etc/passwd",
        "",
    ],
)
def test_other_urls_are_refused_without_telling_their_path(url: str) -> None:
    with pytest.raises(NotAllowed) as refusal:
        check_url(f"{url}S3CRET" if url.endswith("/") else url, allowed=ALLOWED)
    assert "S3CRET" not in str(refusal.value)


@pytest.mark.parametrize(
    "word",
    ["https://x.com", "*.example.com", "a b", "x.com:0", "x.com:70000", "-x.com"],
)
def test_entries_that_name_no_host_are_refused(word: str) -> None:
    with pytest.raises(ValueError, match="is no host"):
        read_allowed([word])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "198.18.0.1",  # noqa: S104
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses())
def test_no_address_breaks_the_check(address: object) -> None:
    assert is_public(str(address)) in {True, False}


def test_one_private_address_condemns_the_name() -> None:
    public, inside = (
        Target("a", 443, "/", may_be_private=False),
        Target("a", 443, "/", may_be_private=True),
    )
    both = ["2606:4700::1111", "1.1.1.1", "1.1.1.1"]
    assert check_addresses(both, target=public) == ["1.1.1.1", "2606:4700::1111"]
    assert check_addresses(["10.0.0.1"], target=inside) == ["10.0.0.1"]
    for addresses in ([], ["1.1.1.1", "10.0.0.1"]):
        with pytest.raises(NotAllowed):
            check_addresses(addresses, target=public)


def test_a_call_to_one_who_never_answers_ends(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        settings.EGRESS_HOSTS = (AllowedHost("localhost", port, may_be_private=True),)
        settings.EGRESS_CA = ""
        url = f"https://localhost:{port}/"
        with pytest.raises(way_out.Unreachable, match="did not answer in"):
            way_out.post(url, body=b"{}", headers={}, seconds=0.9)
    with pytest.raises(way_out.Unreachable, match="ConnectError"):
        way_out.post(url, body=b"{}", headers={})
    with pytest.raises(NotAllowed, match="bytes"):
        way_out.post(url, body=bytes(way_out.MOST_SENT + 1), headers={})


def test_a_call_cut_short_leaves_no_connection(settings: Settings) -> None:
    async def cut_short(mute: socket.socket, target: Target) -> bytes:
        answer = asyncio.ensure_future(
            way_out.post_to(target, body=b"", headers={}, seconds=90)
        )
        wire, _ = await asyncio.to_thread(mute.accept)
        with wire:
            wire.settimeout(9)
            hello = await asyncio.to_thread(wire.recv, 4096)
            answer.cancel()
            await asyncio.wait([answer])
            assert await asyncio.to_thread(wire.recv, 4096) == b""
        return hello

    settings.EGRESS_CA = ""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        mute.settimeout(9)
        target = Target("localhost", mute.getsockname()[1], "/", may_be_private=True)
        assert asyncio.run(cut_short(mute, target))

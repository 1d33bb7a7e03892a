"""Where calls to outside systems may go. Pure: names are resolved elsewhere.

The rules against server-side request forgery (OWASP ASVS 5.0, 1.3.6 and 13.2.4): https
only, only to hosts of a list, only to addresses that the whole internet sees unless
the list says otherwise. Plain http is for calls whose both ways are signed and tell no
secret, such as a witness's; who makes one says so.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

HTTPS_PORT: Final = 443
_PORTS: Final = {"https": HTTPS_PORT, "http": 80}
MOST_URL: Final = 2000
_PRIVATE: Final = "private:"
_HOST: Final = re.compile(
    r"(?P<host>\.?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*"
    r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?::(?P<port>[0-9]{1,5}))?"
)
# Bridges to IPv4 that hide a private address in a public-looking one: RFC 6052's
# prefixes, 6to4 and Teredo. `is_global` does not look inside them.
_BRIDGES: Final = tuple(
    ipaddress.ip_network(word)
    for word in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)


class NotAllowed(ValueError):
    """A call may not go there; the text is one sentence that says why."""


@dataclass(frozen=True, slots=True)
class AllowedHost:
    """An entry of the list: a host, or with a leading dot all names below it."""

    name: str
    port: int = HTTPS_PORT
    may_be_private: bool = False

    def fits(self, host: str, port: int) -> bool:
        """Tell whether the entry speaks of this host and port."""
        if port != self.port:
            return False
        if self.name.startswith("."):
            return host.endswith(self.name)
        return host == self.name


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be called, taken apart."""

    host: str
    port: int
    path: str
    may_be_private: bool
    scheme: str = "https"

    @property
    def authority(self) -> str:
        """Return the host as the header names it, with a port that is not the usual."""
        usual = self.port == _PORTS[self.scheme]
        return self.host if usual else f"{self.host}:{self.port}"


def read_allowed(words: Sequence[str]) -> tuple[AllowedHost, ...]:
    """Read the entries `host`, `.domain`, `host:port`, each also after `private:`.

    Raises ValueError with a sentence for an entry that is none of these.
    """
    return tuple(_read_entry(word) for word in words)


def _read_entry(word: str) -> AllowedHost:
    text = word.lower()
    may_be_private = text.startswith(_PRIVATE)
    found = _HOST.fullmatch(text.removeprefix(_PRIVATE))
    port = int(found["port"] or HTTPS_PORT) if found else 0
    if found is None or not 1 <= port <= 65_535:
        raise ValueError(
            f"{word!r} is no host; write hooks.example.com, .example.com for all names"
            " below it, or private:chat.example.internal:8443."
        )
    return AllowedHost(name=found["host"], port=port, may_be_private=may_be_private)


def check_url(
    url: str, *, allowed: Sequence[AllowedHost], plain: bool = False
) -> Target:
    """Return the parts of a URL that may be called. Raises NotAllowed.

    `plain` lets http:// pass too.

    The sentences never repeat the path: it is a secret of chat webhooks.
    """
    if len(url) > MOST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise NotAllowed("The address is too long or holds characters a URL has not.")
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        port = parts.port or _PORTS.get(parts.scheme, HTTPS_PORT)
    except ValueError as error:
        raise NotAllowed("The address cannot be read as a URL.") from error
    if parts.scheme != "https" and not (plain and parts.scheme == "http"):
        raise NotAllowed("The address must begin with https://.")
    if parts.username is not None or "\\" in url:
        raise NotAllowed("The address may not hold a user name or a backslash.")
    for entry in allowed:
        if entry.fits(host, port):
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            return Target(
                host,
                port,
                path,
                may_be_private=entry.may_be_private,
                scheme=parts.scheme,
            )
    raise NotAllowed(
        f"Calls to {host or 'no host'}:{port} are not allowed;"
        " an administrator lists the hosts in COUNTERSIGN_EGRESS_HOSTS."
    )


def is_public(address: str) -> bool:
    """Tell whether the whole internet sees an address, looked through its wrappings."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if any(ip in bridge for bridge in _BRIDGES):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def check_addresses(addresses: Sequence[str], *, target: Target) -> list[str]:
    """Return the addresses to try, each once, IPv4 first. Raises NotAllowed.

    One private address among public ones condemns the name: whoever answers so wants
    the next look-up to end elsewhere (DNS rebinding).
    """
    if not addresses:
        raise NotAllowed(f"{target.host} has no address.")
    if not target.may_be_private and not all(map(is_public, addresses)):
        raise NotAllowed(
            f"{target.host} leads to an address inside a private network; if that is"
            " meant, list it as private: in COUNTERSIGN_EGRESS_HOSTS."
        )
    # A network without a way out by IPv6 would let each call wait for its time-out.
    return sorted(dict.fromkeys(addresses), key=lambda address: ":" in address)

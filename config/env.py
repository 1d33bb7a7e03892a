"""Typed readers of environment variables; what the variables mean is settings.py's."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from workflows.core import anchors, egress
from workflows.core.webhooks import read_secret

TRUE_WORDS = ("true", "yes", "on", "1")
FALSE_WORDS = ("false", "no", "off", "0")
LEAST_SECRET = 24
MAIL_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}


class InvalidSetting(ImproperlyConfigured):
    """A variable holds a word the program does not understand; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed in, and how."""

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = field(default="", repr=False)
    starts_tls: bool = False
    is_tls: bool = False


class Environment:
    """Read variables from `source`, remembering the names so strays can be refused.

    Every reader returns the typed value, or `default` where the variable is absent or
    empty, and raises InvalidSetting with one sentence where it cannot be understood.
    """

    def __init__(self, source: Mapping[str, str]) -> None:
        self._source = source
        self._known: set[str] = set()

    def text(self, name: str, default: str = "") -> str:
        self._known.add(name)
        return self._source.get(name, "").strip() or default

    def choice(self, name: str, default: str, *, words: Collection[str]) -> str:
        value = self.text(name, default)
        if value not in words:
            raise InvalidSetting(
                f"{name} is {value!r}; it must be one of {', '.join(sorted(words))}."
            )
        return value

    def boolean(self, name: str, *, default: bool) -> bool:
        value = self.text(name).lower()
        if not value:
            return default
        if value not in TRUE_WORDS + FALSE_WORDS:
            words = ", ".join(TRUE_WORDS + FALSE_WORDS)
            raise InvalidSetting(f"{name} is {value!r}; it must be one of {words}.")
        return value in TRUE_WORDS

    def integer(self, name: str, default: int, *, least: int, most: int) -> int:
        value = self.text(name)
        if not value:
            return default
        if not value.isdecimal() or not least <= int(value) <= most:
            raise InvalidSetting(
                f"{name} is {value!r}; it must be a whole number"
                f" from {least} to {most}."
            )
        return int(value)

    def listing(self, name: str, default: Collection[str] = ()) -> list[str]:
        """Return the comma-separated words, blanks dropped."""
        value = self.text(name)
        if not value:
            return list(default)
        return [word.strip() for word in value.split(",") if word.strip()]

    def words(self, name: str, *, known: Collection[str]) -> frozenset[str]:
        """Return the comma-separated words, every one of them a known one."""
        given = self.listing(name)
        for word in given:
            if word not in known:
                raise InvalidSetting(
                    f"{name} holds {word!r}; the words it knows are"
                    f" {', '.join(sorted(known))}."
                )
        return frozenset(given)

    def path(self, name: str, default: Path) -> Path:
        """Return an absolute path; a relative one counts from the working directory."""
        return Path(self.text(name) or default).expanduser().absolute()

    def secret(self, name: str) -> str:
        """Return `name`, or what the file named by `name`_FILE holds; '' for neither."""
        value, file_name = self.text(name), self.text(f"{name}_FILE")
        if value and file_name:
            raise InvalidSetting(f"Both {name} and {name}_FILE are set; keep one.")
        if not file_name:
            return value
        try:
            return Path(file_name).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise InvalidSetting(
                f"{name}_FILE names {file_name}, which cannot be read"
                f" ({error.strerror})."
            ) from error

    def named_secrets(self, name: str) -> dict[str, str]:
        """Return secrets by name, `name=secret` in each line or between commas."""
        found: dict[str, str] = {}
        parts = self.secret(name).replace("\n", ",").split(",")
        for number, part in enumerate((one for one in parts if one.strip()), start=1):
            word, _, secret = (one.strip() for one in part.partition("="))
            if not word or not _is_secret(secret) or word in found:
                # Not repeated here: what was meant as a name may be the secret itself.
                raise InvalidSetting(
                    f"{name} is read as name=secret, each name once, each secret of at"
                    f" least {LEAST_SECRET} characters; its part {number} is not."
                )
            found[word] = secret
        return found

    def origins(self, name: str, default: Collection[str] = ()) -> list[str]:
        """Return full origins (`https://host[:port]`), nothing after the port."""
        origins = self.listing(name, default)
        for origin in origins:
            parts = urlsplit(origin)
            if parts.scheme not in {"http", "https"} or origin != (
                f"{parts.scheme}://{parts.netloc}"
            ):
                raise InvalidSetting(
                    f"{name} holds {origin!r}; write full origins such as"
                    " https://review.example.com, without a path."
                )
        return origins

    def database(self, name: str) -> dict[str, Any] | None:
        """Return Django's settings of the PostgreSQL database at URL `name`.

        Unix sockets are written as postgres://user@/database?host=/directory; other
        query parameters go to libpq as they are. None where the variable is absent.
        """
        url = self.secret(name)
        if not url:
            return None
        if not url.startswith(("postgres://", "postgresql://")):
            raise InvalidSetting(
                f"{name} must start with postgres:// or postgresql://;"
                " PostgreSQL is the only database."
            )
        try:
            parts = dict(conninfo_to_dict(url))
        except ProgrammingError as error:
            raise InvalidSetting(f"{name} is not a connection URL: {error}") from error
        if not parts.get("dbname"):
            raise InvalidSetting(f"{name} names no database after the host.")
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.pop("dbname"),
            "USER": parts.pop("user", ""),
            "PASSWORD": parts.pop("password", ""),
            "HOST": parts.pop("host", ""),
            "PORT": str(parts.pop("port", "")),
            "OPTIONS": parts,
        }

    def redis(self, name: str) -> str:
        """Return a redis://, rediss:// or unix:// URL; '' where it is absent."""
        url = self.secret(name)
        if url and not url.startswith(("redis://", "rediss://", "unix://")):
            raise InvalidSetting(
                f"{name} must start with redis://, rediss:// or unix://."
            )
        return url

    def mail(self, name: str) -> MailServer:
        """Return the mail server at URL `name`; one without a host where it is absent.

        smtp:// demands STARTTLS, smtps:// speaks TLS at once, smtp+plain:// neither.
        """
        url = self.secret(name)
        if not url:
            return MailServer()
        # The URL itself is never repeated: it holds a password.
        refusal = InvalidSetting(
            f"{name} is not understood; write smtp://user:password@host:587,"
            " smtps:// for TLS from the start, or smtp+plain:// for none."
        )
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise refusal from None
        if not host or parts.scheme not in MAIL_PORTS or parts.path.strip("/"):
            raise refusal
        return MailServer(
            host=host,
            port=port or MAIL_PORTS[parts.scheme],
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            starts_tls=parts.scheme == "smtp",
            is_tls=parts.scheme == "smtps",
        )

    def egress_hosts(self, name: str) -> tuple[egress.AllowedHost, ...]:
        """Return the hosts that calls may go to, as workflows.core.egress reads them."""
        try:
            return egress.read_allowed(self.listing(name))
        except ValueError as error:
            raise InvalidSetting(f"{name}: {error}") from error

    def anchors(self, name: str) -> tuple[anchors.Target, ...]:
        """Return where checkpoints are left, as workflows.core.anchors reads them."""
        try:
            return anchors.read_targets(self.listing(name))
        except ValueError as error:
            raise InvalidSetting(f"{name}: {error}") from error

    def links(self, name: str) -> dict[str, str]:
        """Return web addresses by name, written as `name=https://...,other=https://...`."""
        found = {}
        for one in self.listing(name):
            word, _, address = one.partition("=")
            if not word.strip() or not address.startswith(("https://", "http://")):
                raise InvalidSetting(
                    f"{name}: {one!r} is no name with an http or https address behind ="
                )
            found[word.strip()] = address
        return found

    def refuse_unknown(self, *, prefix: str) -> None:
        """Refuse variables that start with `prefix` and that no reader asked for."""
        for name in sorted(self._source):
            if name.startswith(prefix) and name not in self._known:
                near = difflib.get_close_matches(name, self._known, n=1)
                hint = f" Did you mean {near[0]}?" if near else ""
                raise InvalidSetting(f"{name} is not a setting of this program.{hint}")


def _is_secret(text: str) -> bool:
    try:
        read_secret(text)
    except ValueError:
        return False
    return len(text) >= LEAST_SECRET

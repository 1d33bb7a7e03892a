"""Who calls: a machine with a bearer token (RFC 6750). People use the screens."""

from typing import Any, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from workflows.core.actors import Actor, token
from workflows.operations.errors import Forbidden
from workflows.operations.tokens import check_token


class Machine:
    """The caller behind a token, in the place where the framework keeps a user."""

    is_authenticated = True
    is_active = True

    def __init__(self, actor: Actor) -> None:
        self.actor = actor


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer cs_...`, made by `manage.py create_api_token`."""

    def authenticate(self, request: Request) -> tuple[Machine, None] | None:
        """Return the calling machine, None without a header. Raises on a bad one."""
        header = request.headers.get("Authorization", "")
        scheme, _, secret = header.partition(" ")
        if not header:
            return None
        if scheme.lower() != "bearer" or not secret.strip():
            raise AuthenticationFailed("Send the header Authorization: Bearer TOKEN.")
        try:
            found = check_token(secret=secret.strip())
        except Forbidden as error:
            raise AuthenticationFailed(error.message) from error
        return Machine(token(token_id=found.id, name=found.name)), None

    def authenticate_header(self, request: Request) -> str:
        """Return what a 401 tells the client to send."""
        return "Bearer"


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How OpenAPI describes the token."""

    target_class = "workflows.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the security scheme object."""
        return {"type": "http", "scheme": "bearer"}


def get_actor(request: Request) -> Actor:
    """Return the actor behind an authenticated request."""
    # TokenAuthentication puts a Machine where the framework's types say User.
    return cast(Machine, request.user).actor

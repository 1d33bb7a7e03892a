"""Signatures of posts to receivers, by the Standard Webhooks specification 1.0. Pure.

The receiver computes HMAC-SHA256 of `id.timestamp.body` under the shared secret, and
compares; the moment keeps an old post from being played again.
"""

import base64
import hashlib
import hmac


def sign(*, secret: str, key: str, at: int, body: bytes) -> dict[str, str]:
    """Return the headers that prove who posts: `key` names the post, `at` is Unix time."""
    told = f"{key}.{at}.".encode() + body
    proof = hmac.new(read_secret(secret), told, hashlib.sha256).digest()
    return {
        "webhook-id": key,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(proof).decode()}",
    }


def read_secret(secret: str) -> bytes:
    """Return the bytes of a secret: base64 after `whsec_`, else its characters."""
    if secret.startswith("whsec_"):
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    return secret.encode()

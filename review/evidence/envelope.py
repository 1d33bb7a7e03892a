"""The signed statement of a bundle: DSSE around an in-toto Statement v1.

Formats: github.com/secure-systems-lab/dsse (protocol, envelope) and in-toto's
attestation framework, Statement v1. The key's id in the envelope is a hint that nobody
signed; nothing here looks at it. Ships in every bundle: Python 3.9 or newer.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from review.evidence.ed25519 import verify_ed25519

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:countersign:evidence-bundle:1"


def encode_pae(payload_type: str, payload: bytes) -> bytes:
    """Return what is signed: type and bytes with their lengths (DSSE, PAE)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def write_envelope(
    statement: Mapping[str, Any], *, key_id: str, sign: Callable[[bytes], bytes]
) -> bytes:
    """Return the signed envelope of a statement as one line of JSON."""
    payload = json.dumps(
        statement, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()
    signature = sign(encode_pae(PAYLOAD_TYPE, payload))
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": key_id, "sig": base64.b64encode(signature).decode()}],
    }
    return json.dumps(envelope, separators=(",", ":")).encode() + b"\n"


def write_statement(
    digests: Mapping[str, str], predicate: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the statement that these files are the evidence described."""
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": name, "digest": {"sha256": digests[name]}}
            for name in sorted(digests)
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": dict(predicate),
    }


def open_envelope(data: bytes, public: bytes) -> dict[str, Any]:
    """Return the statement that a key has signed; ValueError where it has not."""
    try:
        envelope = json.loads(data.decode())
        payload = base64.b64decode(envelope["payload"], validate=True)
        kind = envelope["payloadType"]
        signatures = [
            base64.b64decode(one["sig"], validate=True)
            for one in envelope["signatures"]
        ]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError("it is no DSSE envelope") from error
    if kind != PAYLOAD_TYPE:
        raise ValueError(f"its payload is {kind!r}, not {PAYLOAD_TYPE!r}")
    signed = encode_pae(kind, payload)
    if not any(verify_ed25519(public, signed, one) for one in signatures):
        raise ValueError("no signature in it is good by the log's key")
    statement = json.loads(payload.decode())
    if not isinstance(statement, dict) or statement.get("_type") != STATEMENT_TYPE:
        raise ValueError("it is no in-toto statement")
    if statement.get("predicateType") != PREDICATE_TYPE:
        raise ValueError("it does not speak of a bundle of evidence")
    return statement

"""The HTTP API for machines: bearer tokens, exact JSON, RFC 9457 problems."""

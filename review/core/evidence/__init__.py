"""Samples, scopes, bundles and erasure as values."""

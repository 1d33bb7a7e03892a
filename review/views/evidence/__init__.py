"""Auditors' pages: search, cases, samples, bundles, erasure."""

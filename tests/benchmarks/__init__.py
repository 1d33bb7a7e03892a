"""Measurements: each module here with `run(emit)` is one benchmark; none is a test."""

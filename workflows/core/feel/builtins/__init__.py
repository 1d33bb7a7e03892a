"""The built-in functions of DMN 1.5 section 10.3.4, one module per kind of value."""

from workflows.core.feel.builtins import (
    contexts,
    conversions,
    intervals,
    lists,
    moments,
    numeric,
    range_text,
    sequences,
    statistics,
    strings,
)

__all__ = [
    "contexts",
    "conversions",
    "intervals",
    "lists",
    "moments",
    "numeric",
    "range_text",
    "sequences",
    "statistics",
    "strings",
]

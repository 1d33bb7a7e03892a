"""Regular expressions of XPath and XML Schema, which cannot be made to run for long.

A pattern is parsed here. Where Python's own matcher is certain to be quick on a text it
is used; otherwise an automaton that never goes back does the work, in time proportional
to text and pattern.
"""

from workflows.core.feel.regex.patterns import Pattern, compile_pattern

__all__ = ["Pattern", "compile_pattern"]

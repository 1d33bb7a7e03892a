"""Recorded cases replayed as real ones."""

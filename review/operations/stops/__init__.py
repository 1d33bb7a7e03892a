"""Stops of automatic decisions."""

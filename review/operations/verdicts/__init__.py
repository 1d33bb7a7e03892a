"""Verdicts: handed in, counted, settled, taken back."""

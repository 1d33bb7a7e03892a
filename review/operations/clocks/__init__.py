"""Clocks of tasks and instances: turns, stretches, rungs of their ladders."""

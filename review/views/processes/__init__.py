"""Processes as their owners watch them: versions, decisions, the mined map."""

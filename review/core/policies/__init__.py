"""Kinds of policies: what their rows mean, which is stricter, what a change moves."""

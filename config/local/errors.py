"""The one error of the embedded stack; its text is what the user reads."""


class LocalStackError(Exception):
    """One clear sentence: what is wrong, where, and what to do about it."""

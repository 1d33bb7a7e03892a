"""Refusals with one clear sentence. The edge turns their classes into HTTP codes."""


class Refused(Exception):
    """An operation that was not done; the message says what, where and what to do."""

    status = 400
    code = "refused"

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        if code:
            self.code = code


class Invalid(Refused):
    """The input cannot be used."""

    status = 422
    code = "invalid"


class Forbidden(Refused):
    """This person may not do this."""

    status = 403
    code = "forbidden"


class NotFound(Refused):
    """There is no such thing."""

    status = 404
    code = "not-found"


class Conflict(Refused):
    """Things are not as the request supposes."""

    status = 409
    code = "conflict"


class Busy(Refused):
    """Too much has come for now; `seconds` says when to come again."""

    status = 429
    code = "intake-slowed"

    def __init__(self, message: str, *, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


class Stale(Conflict):
    """Somebody else was there first; look again."""

    code = "stale"


REASON_CHARACTERS = 4000
"""A reason goes whole into its audit entry, which has a size limit."""


def check_reason(reason: str) -> None:
    """Refuse an act without a reason, or with one that no entry can hold."""
    if not reason.strip():
        raise Invalid("Give a reason; it is kept in the audit trail.")
    if len(reason) > REASON_CHARACTERS:
        raise Invalid(f"Keep the reason under {REASON_CHARACTERS} characters.")

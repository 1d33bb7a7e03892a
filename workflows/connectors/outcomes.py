"""How a message to the outside can fail. The texts hold no secret and no content."""


class Rejected(Exception):
    """The other side will never take this; trying again is of no use."""


class Later(Exception):
    """Not taken now; trying again may help, at the earliest after `seconds`."""

    def __init__(self, message: str, *, seconds: int = 0) -> None:
        super().__init__(message)
        self.seconds = seconds

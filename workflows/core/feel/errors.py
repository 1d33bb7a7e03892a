"""The exceptions of the language; nothing here is raised while a value is computed."""


class FeelSyntaxError(ValueError):
    """A FEEL text could not be compiled.

    `message` is one sentence, `line` and `column` count from 1 within the text.
    """

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        """Keep the place beside the sentence."""
        super().__init__(f"{message} (line {line}, column {column})")
        self.message = message
        self.line = line
        self.column = column


class LimitExceeded(Exception):
    """An evaluation asked for more than its limits allow; becomes null plus a message."""

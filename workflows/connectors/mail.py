"""Hand mail in at the SMTP server of the settings. What a mail says is not decided here."""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend

from workflows.connectors.outcomes import Later, Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail as it goes out; `message_id` is the same each time it is tried.

    One without `html` is plain text; one without `unsubscribe_url` is nobody's wish
    to be rid of.
    """

    to: str
    subject: str
    text: str
    html: str = ""
    message_id: str
    unsubscribe_url: str = ""


class MailLine:
    """One connection for several mails, opened by the first, and again after a break.

    When it cannot be opened, the others of the same line are not made to wait for the
    same time-out: they fail as the first did.
    """

    def __init__(self) -> None:
        self._backend: BaseEmailBackend = get_connection()
        self._broken = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._backend.close()

    def send(self, letter: Letter) -> None:
        """Hand one mail in. Raises Rejected and Later; returning means it was taken."""
        if not settings.SENDS_MAIL:  # it did when the mail was planned
            raise Later("No mail server is set; EMAIL_URL names it.")
        if self._broken:
            raise Later(self._broken)
        with _translate():
            try:
                self._backend.open()
            except (OSError, smtplib.SMTPException) as error:
                self._broken = f"The mail server cannot be used: {_describe(error)}."
                raise Later(self._broken) from error
            try:
                self._backend.send_messages([_compose(letter)])
            except (OSError, smtplib.SMTPException):
                # Whatever state the session is in, the next mail begins with a new one.
                self._hang_up()
                raise

    def _hang_up(self) -> None:
        if isinstance(self._backend, EmailBackend) and self._backend.connection:
            self._backend.connection.close()
            self._backend.connection = None


def _compose(letter: Letter) -> EmailMultiAlternatives:
    headers = {
        "Message-ID": letter.message_id,
        "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers
    }
    if letter.unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{letter.unsubscribe_url}>"
    mail = EmailMultiAlternatives(
        subject=letter.subject, body=letter.text, to=[letter.to], headers=headers
    )
    if letter.html:
        mail.attach_alternative(letter.html, "text/html")
    return mail


@contextmanager
def _translate() -> Iterator[None]:
    """Tell what is refused for good (5yz, RFC 5321 4.2.1) from what may pass later."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        if all(500 <= code < 600 for code in codes):
            raise Rejected(f"The address was refused ({codes[0]}).") from error
        raise Later(f"The address was not taken now ({codes[0]}).") from error
    except smtplib.SMTPDataError as error:
        if 500 <= error.smtp_code < 600:
            raise Rejected(f"The mail was refused ({error.smtp_code}).") from error
        raise Later(f"The mail was not taken now ({error.smtp_code}).") from error
    except (OSError, smtplib.SMTPException) as error:
        raise Later(f"The mail server broke off: {_describe(error)}.") from error
    except ValueError as error:  # an address or header that no mail can have
        raise Rejected(
            f"The mail cannot be written: {type(error).__name__}."
        ) from error


def _describe(error: Exception) -> str:
    """Return what went wrong without the server's words: they may quote the mail."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    return getattr(error, "strerror", None) or type(error).__name__

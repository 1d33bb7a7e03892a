"""Where mail is handed in, as one address says it."""

import pytest

from config.env import Environment, InvalidSetting, MailServer


def read(url: str) -> MailServer:
    return Environment({"EMAIL_URL": url}).mail("EMAIL_URL")


def test_mail_server_is_read_with_its_security() -> None:
    assert read("") == MailServer()
    assert read("smtp://me%40x:p%2Fw@mail.example.com") == MailServer(
        host="mail.example.com", port=587, user="me@x", password="p/w", starts_tls=True
    )
    assert read("smtps://mail.example.com") == MailServer(
        host="mail.example.com", port=465, is_tls=True
    )
    assert read("smtp+plain://127.0.0.1:2525/").port == 2525
    assert "p/w" not in repr(read("smtp://me:p%2Fw@mail.example.com"))


@pytest.mark.parametrize(
    "url", ["mail.example.com", "http://x", "smtp://", "smtp://[", "smtp://a:b@x:99999"]
)
def test_mail_server_that_cannot_be_read_is_not_repeated(url: str) -> None:
    with pytest.raises(InvalidSetting) as refusal:
        read(f"{url}S3CRET" if url == "http://x" else url)
    assert "S3CRET" not in str(refusal.value)
    assert "a:b" not in str(refusal.value)


def test_hosts_that_may_be_called_are_checked_at_start() -> None:
    given = Environment({"COUNTERSIGN_EGRESS_HOSTS": "hooks.example.com, https://x"})
    with pytest.raises(InvalidSetting, match="COUNTERSIGN_EGRESS_HOSTS"):
        given.egress_hosts("COUNTERSIGN_EGRESS_HOSTS")

"""The pretended mail server: what it takes, whom it refuses, and what it never does."""

import json
import smtplib
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.letters import LONGEST_HEADER, read_letter
from sandbox.mail_api import LARGEST_MAIL
from sandbox.run import run
from tests.sandbox_fixture import SMTP_FROM, SMTP_PASSWORD, SMTP_USER, Carrier

BEN, AISHA = "ben@example.com", "aisha@example.com"


@contextmanager
def signed_in(carrier: Carrier) -> Iterator[smtplib.SMTP]:
    with closing(smtplib.SMTP("127.0.0.1", carrier.smtp_port, timeout=10)) as server:
        server.login(SMTP_USER, SMTP_PASSWORD)
        yield server


def a_mail(text: str = "481516 es tu código.\n.\nNadie te lo pedirá.", subject: str = "Tu código") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = SMTP_FROM, BEN, subject, "<42@shop.example>"
    mail.set_content(text)
    return mail


def test_a_mail_is_kept_as_its_reader_sees_it_and_survives_in_the_file(carrier: Carrier) -> None:
    with signed_in(carrier) as server:
        server.send_message(a_mail())
    [item] = carrier.messages("email", to=BEN)

    assert (item["to"], item["from"], item["provider_id"], item["method"]) == (
        BEN,
        SMTP_FROM,
        "<42@shop.example>",
        "DATA",
    )
    assert (item["raw"]["subject"], item["body"]) == ("Tu código", "481516 es tu código.\n.\nNadie te lo pedirá.")
    assert json.loads(carrier.log.read_text().splitlines()[-1]) == item
    stats = requests.get(f"{carrier.url}/_control/stats", timeout=10).json()["mail"]
    assert stats == {"accepted": 1, "refused": 0, "in_flight": 0}


def test_everybody_it_is_for_gets_it_and_nobody_else_is_asked(carrier: Carrier) -> None:
    with signed_in(carrier) as server:
        refused = server.sendmail(
            SMTP_FROM, [BEN, "nobody@example.com", AISHA, "Full@example.com"], a_mail().as_bytes()
        )

    assert {to: code for to, (code, _) in refused.items()} == {"nobody@example.com": 550, "Full@example.com": 452}
    assert [item["to"] for item in carrier.messages("email")] == [BEN, AISHA]


def test_nobody_writes_without_signing_in(carrier: Carrier) -> None:
    with closing(smtplib.SMTP("127.0.0.1", carrier.smtp_port, timeout=10)) as server:
        with pytest.raises(smtplib.SMTPSenderRefused, match="530"):
            server.send_message(a_mail())
        for user, password in ((SMTP_USER, "wrong"), ("somebody", SMTP_PASSWORD)):
            with pytest.raises(smtplib.SMTPAuthenticationError):
                server.login(user, password)
    assert carrier.messages("email") == []


def test_a_mail_that_is_too_large_is_refused_before_and_after_it_came(carrier: Carrier) -> None:
    huge = a_mail("x" * 70 + "\n" + ("x" * 70 + "\n") * (LARGEST_MAIL // 70))
    with signed_in(carrier) as server:
        assert server.esmtp_features["size"] == str(LARGEST_MAIL)
        with pytest.raises(smtplib.SMTPSenderRefused) as told:
            server.send_message(huge)
        server.mail(SMTP_FROM)
        server.rcpt(BEN)
        code, _ = server.data(huge.as_bytes(policy=SMTP))
        server.send_message(a_mail("small"))
    assert (told.value.smtp_code, code) == (552, 552)
    assert carrier.bodies("email") == ["small"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [({"kind": "error", "code": 554}, 554), ({"kind": "rate_limit"}, 451), ({"kind": "error", "code": 450}, 450)],
)
def test_a_fault_refuses_one_mailbox_and_the_next_mail_goes_through(
    carrier: Carrier, fault: dict[str, Any], code: int
) -> None:
    carrier.fault("mail", count=1, to=BEN, **fault)
    with signed_in(carrier) as server:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as told:
            server.send_message(a_mail())
        server.send_message(a_mail("again"))
    assert told.value.recipients[BEN][0] == code
    assert carrier.bodies("email") == ["again"]


def test_one_that_hangs_took_nothing(carrier: Carrier) -> None:
    carrier.fault("mail", "hang", count=1, s=0.01)
    with signed_in(carrier) as server, pytest.raises((smtplib.SMTPServerDisconnected, OSError)):
        server.send_message(a_mail())
    assert carrier.messages("email") == []


@pytest.mark.parametrize(
    "fault",
    [{"kind": "drop_callback"}, {"kind": "unregistered_token"}, {"kind": "error"}, {"kind": "error", "code": 250}],
)
def test_a_fault_that_no_mail_server_has_is_refused(carrier: Carrier, fault: dict[str, Any]) -> None:
    answer = requests.post(f"{carrier.url}/_control/faults", json={"provider": "mail", **fault}, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("content", "subject", "text"),
    [
        (b"", "", ""),
        (b"no headers at all", "", "no headers at all"),
        (b"Subject: =?utf-8?q?caf=C3=A9?=\r\n\r\nhello\r\n", "café", "hello"),
        (b"Content-Type: text/plain; charset=martian\r\n\r\nhello", "", ""),
        (b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n", "", ""),
        (b"Content-Type: text/html\r\n\r\n<b onclick=x>hi</b>", "", "<b onclick=x>hi</b>"),
        (b"Subject: \xff\xfe\r\n\r\n\xff", "", None),
        (b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA", "", ""),
    ],
)
def test_any_message_can_be_read_and_told_in_json(content: bytes, subject: str, text: str | None) -> None:
    letter = read_letter(content)
    json.dumps(letter.headers, ensure_ascii=False).encode()
    (letter.subject + letter.text).encode()
    if text is not None:
        assert (letter.subject, letter.text) == (subject, text)


@pytest.mark.parametrize(
    "content",
    [
        b'To: "\r\n\r\nhi',
        b"Date: 99999999999999 x\r\n\r\nhi",
        b"Message-ID: " + b"<" * 3000 + b"\r\n\r\nhi",
        b"To: " + b"(" * 20_000 + b"\r\n\r\nhi",
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (at, at) for at in range(1500)),
    ],
    ids=["quote", "date", "brackets", "comments", "nested"],
)
def test_what_the_mail_package_falls_over_is_read_as_far_as_it_goes(content: bytes) -> None:
    assert read_letter(content).text in ("hi", "")


def test_of_an_endless_header_the_beginning_is_read(carrier: Carrier) -> None:
    mail = b"Subject: Hello\r\nTo: " + b"ben@example.com,\r\n " * 5000 + b"x\r\n\r\nhi\r\n"
    with signed_in(carrier) as server:
        server.sendmail(SMTP_FROM, BEN, mail)
    [item] = carrier.messages("email", to=BEN)
    assert (item["raw"]["subject"], item["body"], len(item["raw"]["headers"]["to"]) <= LONGEST_HEADER) == (
        "Hello",
        "hi",
        True,
    )


def test_it_is_off_without_a_port_and_says_which_setting_is_odd(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="MCRM_SANDBOX_SMTP_PORT"):
        run("127.0.0.1", 0, {"MCRM_SANDBOX_SMTP_PORT": "mail"})
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit, match="MCRM_SANDBOX_SMTP_PORT"):
        run("127.0.0.1", 0, {"MCRM_SANDBOX_SMTP_PORT": str(taken.getsockname()[1])})
    carrier = Carrier(tmp_path, smtp_port=None)
    carrier.stop()


def test_without_a_login_set_none_is_offered_and_none_is_needed(tmp_path: Path) -> None:
    carrier = Carrier(tmp_path, smtp_user="")
    try:
        with closing(smtplib.SMTP("127.0.0.1", carrier.smtp_port, timeout=10)) as server:
            server.ehlo()
            assert not server.has_extn("auth")
            server.send_message(a_mail("hello"))
        assert carrier.bodies("email") == ["hello"]
    finally:
        carrier.stop()

"""Mail over SMTP: taken, refused, put off, or in doubt, as a real server on this machine says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mcrm.config import BadSetting, Mail, Settings
from mcrm.deliveries.outgoing import Ambiguous, Deferred, Failed, Operation, Outgoing, Sent
from mcrm.ids import new_id
from notifications.mail import MailSender
from notifications.senders import make_senders
from tests.notifications.mail_server import CUT, Server

ENVIRONMENT = {
    "MCRM_DATABASE_URL": "sqlite:////tmp/nothing-is-opened.db",
    "MCRM_SECRET_KEY": "0f9c1d2e3b4a5968778695a4b3c2d1e0",
    "MCRM_PUBLIC_URL": "http://localhost",
}


@contextmanager
def a_server(**says: str) -> Iterator[tuple[Server, MailSender]]:
    with Server(says) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        port = server.server_address[1]
        sender = "shop@harbourandpine.example"
        yield server, MailSender(Mail("127.0.0.1", port, is_tls=False, user=None, password=None, sender=sender))
        server.shutdown()


def to_ben(text: str = "481516 is your code.", address: str = "ben@okafor.example") -> Outgoing:
    return Outgoing(new_id(), "email", address, text)


def test_a_mail_arrives_as_it_was_written() -> None:
    outgoing = to_ben("481516 es tu código.\nNadie te lo pedirá.")
    with a_server() as (server, sender):
        outcome = sender.send(outgoing)
    [mail] = server.taken
    assert outcome == Sent(f"<{outgoing.id}@harbourandpine.example>")
    assert (mail["To"], mail["From"]) == ("ben@okafor.example", "shop@harbourandpine.example")
    assert (mail["Message-ID"], mail["Auto-Submitted"]) == (outcome.provider_id, "auto-generated")
    body = mail.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.decode().splitlines() == ["481516 es tu código.", "Nadie te lo pedirá."]


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        ({"RCPT": "550 no such user"}, Failed("mail.550", address_invalid=True)),
        ({"RCPT": "452 full"}, Deferred("mail.452")),
        ({"RCPT": "554 we do not like you"}, Failed("mail.554")),
        ({"MAIL": "553 who are you"}, Failed("mail.553", alert=True)),
        ({"DATA": "451 later"}, Deferred("mail.451")),
        ({"END": "554 spam"}, Failed("mail.554")),
        ({"END": "451 later"}, Deferred("mail.451")),
        ({"END": CUT}, Ambiguous("mail.no-answer")),
        ({"RCPT": CUT}, Deferred("mail.cut-off")),
        ({"CONNECT": "421 busy"}, Deferred("mail.connect-failed")),
        ({"CONNECT": CUT}, Deferred("mail.connect-failed")),
    ],
)
def test_what_the_server_says_decides_what_becomes_of_it(says: dict[str, str], outcome: object) -> None:
    with a_server(**says) as (_, sender):
        assert sender.send(to_ben()) == outcome


def test_nobody_listening_is_no_doubt() -> None:
    with a_server() as (server, sender):
        pass
    assert sender.send(to_ben()) == Deferred("mail.connect-failed")
    assert server.heard == []


def test_no_address_writes_headers_of_its_own() -> None:
    with a_server() as (server, sender):
        outcome = sender.send(to_ben(address="ben@okafor.example\r\nBcc: all@okafor.example"))
        edit = sender.send(Outgoing(new_id(), "email", "ben@okafor.example", "x", operation=Operation.EDIT))
    assert outcome == Failed("mail.bad-address", address_invalid=True)
    assert (edit, server.heard) == (Failed("mail.no-edit", alert=True), [])


def test_mail_is_on_with_both_of_its_settings() -> None:
    on = {"SMTP_URL": "smtps://shop:p%40ss@mail.harbourandpine.example", "SMTP_FROM": "shop@harbourandpine.example"}
    settings = Settings.from_environment(ENVIRONMENT | on)
    mail = settings.mail
    assert mail is not None
    assert (mail.host, mail.port, mail.is_tls, mail.user, mail.password) == (
        "mail.harbourandpine.example", 465, True, "shop", "p@ss",
    )  # fmt: skip
    assert "p@ss" not in repr(mail) + repr(settings)
    assert list(make_senders(settings)) == ["app", "email"]
    for wrong in ({"SMTP_URL": on["SMTP_URL"]}, on | {"SMTP_URL": "http://x"}, on | {"SMTP_FROM": "Shop <a@b>"}):
        with pytest.raises(BadSetting, match="SMTP_"):
            Settings.from_environment(ENVIRONMENT | wrong)


def test_a_mailbox_that_no_wire_spells_is_known_as_such_at_once() -> None:
    with a_server() as (server, sender):
        outcome = sender.send(to_ben(address="josé@okafor.example"))
    assert (outcome, server.taken) == (Failed("mail.bad-address", address_invalid=True), [])

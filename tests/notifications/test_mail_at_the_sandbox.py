"""The real sender of mail against the pretended mail server: taken, refused, put off, in doubt."""

import dataclasses
from collections.abc import Iterator

import pytest

from mcrm.config import Mail
from mcrm.deliveries.outgoing import Ambiguous, Deferred, Failed, Outcome, Outgoing, Sent
from mcrm.ids import new_id
from notifications.mail import MailSender
from tests.notifications.cast import SHORT_S
from tests.sandbox_fixture import SMTP_FROM, SMTP_PASSWORD, SMTP_USER, Carrier

CODE = "481516 es tu código de Harbour & Pine. Dura 5 minutos. Nadie de Harbour & Pine te lo pedirá.\n.\nAdiós"
BEN = "ben@example.com"


@pytest.fixture
def settings(carrier: Carrier) -> Mail:
    return Mail("127.0.0.1", carrier.smtp_port, is_tls=False, user=SMTP_USER, password=SMTP_PASSWORD, sender=SMTP_FROM)


@pytest.fixture
def sender(settings: Mail) -> Iterator[MailSender]:
    made = MailSender(settings, timeout_s=SHORT_S)
    yield made
    made.close()


def to(address: str = BEN, text: str = CODE) -> Outgoing:
    return Outgoing(new_id(), "email", address, text)


def test_what_is_taken_is_read_as_it_was_written(carrier: Carrier, sender: MailSender) -> None:
    outcome = sender.send(to())
    [item] = carrier.messages("email")
    assert (outcome, item["to"], item["from"]) == (Sent(item["provider_id"]), BEN, SMTP_FROM)
    assert (item["body"], item["raw"]["subject"]) == (CODE, "481516 es tu código de Harbour & Pine")


@pytest.mark.parametrize(
    ("address", "outcome"),
    [
        ("nobody@example.com", Failed("mail.550", address_invalid=True)),
        ("full@example.com", Deferred("mail.452")),
        ("no address at all", Failed("mail.553", address_invalid=True)),
    ],
)
def test_a_mailbox_refuses_as_mailboxes_do(
    carrier: Carrier, sender: MailSender, address: str, outcome: Outcome
) -> None:
    assert sender.send(to(address)) == outcome
    assert carrier.messages() == []


@pytest.mark.parametrize(
    ("kind", "facts", "outcome"),
    [
        ("server_error", {}, Deferred("mail.421")),
        ("rate_limit", {}, Deferred("mail.451")),
        ("error", {"code": 554}, Failed("mail.554")),
        ("error", {"code": 450}, Deferred("mail.450")),
        ("hang", {"s": 0.01}, Ambiguous("mail.no-answer")),
        ("hang", {"s": 30}, Ambiguous("mail.no-answer")),
    ],
)
def test_what_goes_wrong_at_the_mail_server(
    carrier: Carrier, sender: MailSender, kind: str, facts: dict[str, float], outcome: Outcome
) -> None:
    carrier.fault("mail", kind, count=1, **facts)
    assert sender.send(to()) == outcome
    assert carrier.messages() == []
    assert isinstance(sender.send(to()), Sent), "and then it is over"


def test_a_mail_whose_answer_was_lost_is_in_doubt_although_it_arrived(carrier: Carrier, sender: MailSender) -> None:
    carrier.fault("mail", "accept_then_drop_reply", count=1)
    outgoing = to()
    assert sender.send(outgoing) == Ambiguous("mail.no-answer")
    [item] = carrier.messages("email")
    assert item["provider_id"].startswith(f"<{outgoing.id}@"), "a second copy would be known as one"


def test_a_server_that_is_slow_takes_it_all_the_same(carrier: Carrier, sender: MailSender) -> None:
    carrier.fault("mail", "latency", count=1, ms=20)
    assert isinstance(sender.send(to()), Sent)


def test_a_wrong_login_keeps_the_queue(carrier: Carrier, settings: Mail) -> None:
    outcome = MailSender(dataclasses.replace(settings, password="another")).send(to())
    assert outcome == Deferred("mail.login-refused", pauses_sender=True, counts=False, alert=True)
    assert carrier.messages() == []

"""Mail over SMTP, one connection a message; nothing here retries: that is the outbox's business.

A server that answers leaves no doubt: 2xx took it, 4xx did not yet, 5xx never will. Doubt is left only where the
connection broke between the end of the message and the answer to it.
"""

import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from textwrap import shorten

from mcrm import clock
from mcrm.config import Mail
from mcrm.deliveries.outgoing import Ambiguous, Deferred, Failed, Operation, Outcome, Outgoing, Sent
from notifications.transport import TIMEOUT_S

NO_SUCH_MAILBOX = frozenset({550, 551, 553})
TEMPORARY = 500
"""Replies below it ask to try again."""
LONGEST_SUBJECT = 78


class MailSender:
    """Hands deliveries to an SMTP server; `send` may be called from many threads at once."""

    def __init__(self, settings: Mail, *, timeout_s: float = TIMEOUT_S) -> None:
        """Nothing is contacted before the first message."""
        self._settings = settings
        self._timeout_s = timeout_s
        self._domain = settings.sender.partition("@")[2]

    def send(self, outgoing: Outgoing) -> Outcome:
        """Hand one message over; its Message-ID follows from the delivery, so a second copy is known as one."""
        if outgoing.operation is not Operation.SEND:
            return Failed(f"mail.no-{outgoing.operation}", alert=True)
        message_id = f"<{outgoing.id}@{self._domain}>"
        try:
            outgoing.address.encode("ascii")
            message = self._message(outgoing, message_id)
        except ValueError:  # a line break, or what no header and no command can hold
            return Failed("mail.bad-address", address_invalid=True)
        try:
            server = self._connected()
        except smtplib.SMTPAuthenticationError:
            return Deferred("mail.login-refused", pauses_sender=True, counts=False, alert=True)
        except (smtplib.SMTPException, OSError):
            return Deferred("mail.connect-failed")
        try:
            return self._hand_over(server, outgoing.address, message) or Sent(message_id)
        finally:
            server.close()

    def close(self) -> None:
        """Nothing is kept open."""

    def _message(self, outgoing: Outgoing, message_id: str) -> bytes:
        message = EmailMessage(policy=SMTP)
        message["From"] = self._settings.sender
        message["To"] = outgoing.address
        message["Subject"] = _subject(outgoing)
        message["Date"] = format_datetime(clock.now())
        message["Message-ID"] = message_id
        message["Auto-Submitted"] = "auto-generated"  # no out-of-office notes in answer
        message.set_content(outgoing.text)
        return message.as_bytes()

    def _connected(self) -> smtplib.SMTP:
        """A server that let us in, over TLS unless it is on this machine."""
        settings, context = self._settings, ssl.create_default_context()
        server: smtplib.SMTP
        if settings.is_tls:
            server = smtplib.SMTP_SSL(settings.host, settings.port, timeout=self._timeout_s, context=context)
        else:
            server = smtplib.SMTP(settings.host, settings.port, timeout=self._timeout_s)
        try:
            server.ehlo_or_helo_if_needed()
            if not settings.is_tls and not settings.is_local:
                server.starttls(context=context)
                server.ehlo()
            if settings.user is not None:
                server.login(settings.user, settings.password or "")
        except BaseException:
            server.close()
            raise
        return server

    def _hand_over(self, server: smtplib.SMTP, address: str, message: bytes) -> Outcome | None:
        """What went wrong; None when the server took it."""
        try:
            code, _ = server.mail(self._settings.sender)
            if code != 250:
                return _refused(code, alert=True)
            code, _ = server.rcpt(address)
            if code not in (250, 251):
                return _refused(code, address_invalid=code in NO_SUCH_MAILBOX)
        except (smtplib.SMTPException, OSError):
            return Deferred("mail.cut-off")  # the message itself had not left
        try:
            code, _ = server.data(message)
        except smtplib.SMTPDataError as error:  # it did not want to hear it
            return _refused(error.smtp_code)
        except (smtplib.SMTPException, OSError):
            return Ambiguous("mail.no-answer")
        return None if code == 250 else _refused(code)


def _subject(outgoing: Outgoing) -> str:
    """The title; without one the first sentence, which is what a code's message says."""
    words = outgoing.title or outgoing.text.partition("\n")[0].partition(". ")[0]
    return shorten(words, LONGEST_SUBJECT, placeholder=" …")


def _refused(code: int, *, address_invalid: bool = False, alert: bool = False) -> Outcome:
    if code < TEMPORARY:
        return Deferred(f"mail.{code}")
    return Failed(f"mail.{code}", address_invalid=address_invalid, alert=alert)

"""A mail server that keeps what it takes: SMTP on a port of its own, on this machine, relayed to nobody.

What becomes of a mail is decided by its mailbox, as numbers decide it for texts: `nobody@…` does not exist, `full@…`
has no room now, and every other one is there.
"""

import asyncio
import hmac
import logging
import re
from email.utils import make_msgid
from weakref import WeakSet

from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.exchange import Exchange
from sandbox.faults import Fault
from sandbox.letters import Letter, read_letter

HOST = "127.0.0.1"
NAME = "sandbox.mail.invalid"
LARGEST_MAIL = 1_000_000
IDLE_S = 60
MOST_RECIPIENTS = 100
TAKEN = "250 2.0.0 SANDBOX has it"
MAILBOXES = {
    "nobody": "550 5.1.1 There is no such mailbox",
    "full": "452 4.2.2 The mailbox is full",
}
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
AT_THE_DOOR = ("server_error", "rate_limit", "error")
"""Faults that a mailbox is refused with; the others strike when the whole message is there."""
AT_THE_END = ("hang", "accept_then_drop_reply")


logging.getLogger("mail.log").setLevel(logging.ERROR)  # the package tells of every address and login


class MailApi:
    """The mail server; its port is in `port` once it has started, None while it is off."""

    def __init__(self, exchange: Exchange) -> None:
        """Nothing listens before `start`."""
        self.exchange = exchange
        self.port: int | None = None
        self._server: asyncio.Server | None = None
        self._connections: WeakSet[SMTP] = WeakSet()

    def add_to(self, app: web.Application) -> None:
        """Live as long as the application does, where the settings name a port."""
        if self.exchange.settings.smtp_port is not None:
            app.on_startup.append(self.start)
            app.on_shutdown.append(self.stop)

    async def start(self, _: web.Application) -> None:
        """Listen; raises OSError when the port cannot be had."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, HOST, self.exchange.settings.smtp_port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self, _: web.Application) -> None:
        """Hang up on everybody."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            if isinstance(connection.transport, asyncio.Transport):
                connection.transport.abort()
        await asyncio.sleep(0)  # the connections' tasks are cancelled in the loop's next turn

    def _connection(self) -> SMTP:
        connection = SMTP(
            self,
            data_size_limit=LARGEST_MAIL,
            hostname=NAME,
            ident="SANDBOX",
            timeout=IDLE_S,
            authenticator=self._let_in,
            auth_require_tls=not self.exchange.settings.smtp_user,  # a login is offered only where one is set
            loop=asyncio.get_running_loop(),
        )
        self._connections.add(connection)
        return connection

    def _let_in(self, _: SMTP, __: Session, ___: Envelope, ____: str, given: LoginPassword) -> AuthResult:
        settings = self.exchange.settings
        is_user = hmac.compare_digest(given.login, settings.smtp_user.encode())
        is_password = hmac.compare_digest(given.password, settings.smtp_password.encode())
        return AuthResult(success=is_user and is_password, handled=False)

    async def handle_MAIL(self, _: SMTP, session: Session, envelope: Envelope, sender: str, options: list[str]) -> str:
        """Hear who writes; whoever has to sign in does so first (RFC 4954)."""
        if self.exchange.settings.smtp_user and not session.authenticated:
            return self._refused("530 5.7.0 Authentication required")
        envelope.mail_from = sender
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server: SMTP, _: Session, envelope: Envelope, to: str, options: list[str]) -> str:
        """Say whether the mailbox takes a mail."""
        faults = self.exchange.faults
        if slow := faults.take("mail", to, "latency"):
            await asyncio.sleep(float(slow.extra.get("ms", 1000)) / 1000)
        fault = faults.take("mail", to, *AT_THE_DOOR)
        refusal = _forced(fault) if fault else _unknown(to)
        if refusal is None and len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            refusal = "452 4.5.3 Too many recipients"
        if refusal is None:
            envelope.rcpt_tos.append(to)
            envelope.rcpt_options.extend(options)
            return "250 2.1.5 OK"
        if refusal.startswith("421"):
            await self._hang_up(server, f"{refusal}\r\n".encode())
        return self._refused(refusal)

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:
        """Keep the mail for each of its mailboxes; it is in the file before the answer leaves."""
        count = self.exchange.counts["mail"]
        count.in_flight += 1
        try:
            strikes = [self.exchange.faults.take("mail", to, *AT_THE_END) for to in envelope.rcpt_tos]
            fault = next((strike for strike in strikes if strike), None)
            if fault is not None and fault.kind == "hang":
                await asyncio.sleep(float(fault.extra.get("s", 60)))
                await self._hang_up(server)
            self._keep(envelope)
            if fault is not None:
                await self._hang_up(server)
        finally:
            count.in_flight -= 1
        return TAKEN

    def _keep(self, envelope: Envelope) -> None:
        content = envelope.original_content or b""
        letter: Letter = read_letter(content)
        for to in envelope.rcpt_tos:
            self.exchange.ledger.accept(
                "email",
                to=to,
                body=letter.text,
                provider_id=letter.message_id or make_msgid(domain=NAME),
                method="DATA",
                raw={"subject": letter.subject, "headers": letter.headers, "size": len(content)},
                sender=envelope.mail_from or "",
            )
            self.exchange.counts["mail"].accepted += 1

    async def _hang_up(self, server: SMTP, last_words: bytes = b"") -> None:
        """Cut the connection; ends by being cancelled, as everything of a connection is once it is gone."""
        transport = server.transport
        if isinstance(transport, asyncio.Transport):
            if last_words:
                transport.write(last_words)
                transport.close()
            else:
                transport.abort()
        await asyncio.Event().wait()

    def _refused(self, reply: str) -> str:
        self.exchange.counts["mail"].refused += 1
        return reply


def _unknown(to: str) -> str | None:
    """The reply for a mailbox that takes nothing; None for all others."""
    if not ADDRESS.fullmatch(to):
        return "553 5.1.3 This is no address"
    return MAILBOXES.get(to.partition("@")[0].lower())


def _forced(fault: Fault) -> str:
    """The reply that a fault asks for."""
    if fault.kind == "server_error":
        return "421 4.3.2 The system is going down"
    if fault.kind == "rate_limit":
        return "451 4.7.1 Too much mail from you; try again later"
    code = int(fault.extra["code"])
    return f"{code} {code // 100}.0.0 SANDBOX was told to refuse this"

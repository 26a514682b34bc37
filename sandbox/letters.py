"""A mail as its reader sees it: subject and words, whatever the message is made of."""

from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any, cast

MOST_HEADERS = 50
LONGEST_HEADER = 2000
"""Characters; the package takes minutes over an endless one, and nobody else is served meanwhile."""
UNREADABLE = (LookupError, ValueError, AttributeError, TypeError, RecursionError, MessageError)
"""How the package fails over what is no mail: charsets and structures that nobody knows, and slips of its own."""


class _Patient(EmailPolicy):
    """Reads the beginning of each header."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        """What the header says, in the package's own terms."""
        return super().header_fetch_parse(name, value[:LONGEST_HEADER])


PATIENT = _Patient()


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says; what cannot be read is empty or has marks in its place, never an error."""

    message_id: str
    subject: str
    text: str
    headers: dict[str, str]


def read_letter(content: bytes) -> Letter:
    """Read a message as it came over the wire; HTML counts only where there is no plain text, and stays source."""
    try:
        message = cast(EmailMessage, message_from_bytes(content, policy=PATIENT))
    except UNREADABLE:
        message = EmailMessage()
    headers: dict[str, str] = {}
    for name, value in list(message.raw_items())[:MOST_HEADERS]:
        headers.setdefault(name.lower(), _read(name, value))
    return Letter(headers.get("message-id", "").strip(), headers.get("subject", ""), _words(message), headers)


def _read(name: str, value: str) -> str:
    try:
        return _clean(PATIENT.header_fetch_parse(name, value))
    except UNREADABLE:
        return _clean(value[:LONGEST_HEADER])


def _words(message: EmailMessage) -> str:
    try:
        part = message.get_body(("plain", "html"))
        words = part.get_content() if part is not None else ""
    except UNREADABLE:
        words = ""
    return _clean(words if isinstance(words, str) else "").replace("\r\n", "\n").rstrip("\n")


def _clean(words: str) -> str:
    """Without the halves of characters that bytes outside any charset leave behind, which JSON cannot hold."""
    return str(words).encode("utf-8", "replace").decode()

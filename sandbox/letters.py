"""A mail as its reader sees it: subject and words, whatever the message is made of."""

from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

MOST_HEADERS = 50


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says; what cannot be read is empty or has marks in its place, never an error."""

    message_id: str
    subject: str
    text: str
    headers: dict[str, str]


def read_letter(content: bytes) -> Letter:
    """Read a message as it came over the wire; HTML counts only where there is no plain text, and stays source."""
    message = message_from_bytes(content, _class=EmailMessage, policy=default)
    headers: dict[str, str] = {}
    for name, value in message.items()[:MOST_HEADERS]:
        headers.setdefault(name.lower(), _clean(value))
    return Letter(headers.get("message-id", "").strip(), headers.get("subject", ""), _words(message), headers)


def _words(message: EmailMessage) -> str:
    try:
        part = message.get_body(("plain", "html"))
        words = part.get_content() if part is not None else ""
    except (LookupError, ValueError, AttributeError):  # a charset or a structure that nobody knows
        words = ""
    return _clean(words if isinstance(words, str) else "").replace("\r\n", "\n").rstrip("\n")


def _clean(words: str) -> str:
    """Without the halves of characters that bytes outside any charset leave behind, which JSON cannot hold."""
    return str(words).encode("utf-8", "replace").decode()

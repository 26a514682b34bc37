"""Structured logs: one JSON object a line (or coloured lines in a terminal), with ids and never with people's words.

Code logs ids; the last processor is the second net: whatever looks like a phone number, a bearer token, a bot token or
a mail address is masked before a line leaves the process.
"""

import logging
import logging.config
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

MASKS = (
    (re.compile(r"\+\d{7,15}\b"), "+…"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "<token>"),
    (re.compile(r"\b\d{5,15}:[A-Za-z0-9_-]{20,}"), "<bot-token>"),
    (re.compile(r"\bmcrm_[a-z0-9]{8}_[\w-]+"), "<key>"),
    (re.compile(r"(?i)\bbearer\s+\S+"), "<bearer>"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), "<mail>"),
)
QUIET = ("telegram", "httpx", "httpcore", "urllib3", "google", "twilio", "asyncio", "aiohttp.access", "alembic")


def configure(style: str, *, process: str) -> None:
    """Send all of this process's logs to stderr: `json` or `console`; `process` stands in every line."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
        masked,
    ]
    last = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.contextvars.bind_contextvars(process=process)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("telegram.request").setLevel(logging.CRITICAL)  # it logs whole tracebacks of what we handle


def masked(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The event with everything masked that looks like an address or a secret."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = mask(value)
    return event


def mask(text: str) -> str:
    """The text without phone numbers, tokens and mail addresses."""
    for pattern, instead in MASKS:
        text = pattern.sub(instead, text)
    return text

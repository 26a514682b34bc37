"""Whether a webhook really comes from the provider: the checks cannot be switched off and never raise."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from twilio.request_validator import (
    HMAC_SHA1,
    HMAC_SHA256,
    RequestValidator,
    add_port,
    get_signature_algorithm,
    remove_port,
)


def twilio_signature_ok(
    url_raw: str,
    form: Mapping[str, str],
    signature_header: str | None,
    auth_token: str,
    settings_header: str | None = None,
) -> bool:
    """Whether Twilio signed this form post.

    `url_raw` is the configured public origin, the path, and the query exactly as it came (raw QUERY_STRING: a decoded
    one does not verify). `form` may be a MultiDict. `settings_header` is X-Twilio-Webhooks-Signature-Settings, which
    names the algorithm. A URL with `bodySHA256` is refused: it belongs to JSON webhooks, whose signature does not
    cover a form, so that one of those could be replayed here with any fields.
    """
    try:
        parts = urlsplit(url_raw)
        if not signature_header or "bodySHA256" in parse_qs(parts.query, keep_blank_values=True):
            return False
        algorithm = get_signature_algorithm(settings_header).upper()
        if algorithm not in (HMAC_SHA1, HMAC_SHA256):
            return False
        # Twilio signs with or without the port; which of both is not documented for every case.
        urls = dict.fromkeys((url_raw, remove_port(parts), add_port(parts)))
        validator = RequestValidator(auth_token)
        return any(_same(validator.compute_signature(url, form, algorithm), signature_header) for url in urls)
    except (ValueError, TypeError, LookupError, AttributeError):  # a lone surrogate, a port of letters: not Twilio's
        return False


def telegram_secret_ok(header: str | None, secret: str) -> bool:
    """Whether X-Telegram-Bot-Api-Secret-Token holds our secret; compared in constant time. An empty secret is no."""
    return bool(header) and bool(secret) and _same(secret, header or "")


REPLAYED_AFTER_S = 300
TIMESTAMP = re.compile(r"[0-9]{1,12}")


def timed_signature_ok(
    body: bytes, timestamp_header: str | None, signature_header: str | None, secret: str, *, now_s: float
) -> bool:
    """Whether `sha256=<hex>` is the HMAC-SHA256 of "<timestamp>.<body>", and the time (Unix seconds) is not long ago.

    More than five minutes off, either way, is a replay or a clock that nobody may rely on. An empty secret is no.
    """
    if not secret or not timestamp_header or not TIMESTAMP.fullmatch(timestamp_header):
        return False
    signed = timestamp_header.encode() + b"." + body
    expected = "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    is_fresh = abs(now_s - int(timestamp_header)) <= REPLAYED_AFTER_S
    return _same(expected, signature_header or "") and is_fresh


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode(errors="surrogatepass"))

"""What the adapters share of HTTP: time-outs, Retry-After, and whether a failed request can have left this machine."""

from datetime import UTC
from email.utils import parsedate_to_datetime

from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError, ConnectTimeout, InvalidURL, ProxyError, RequestException, SSLError
from urllib3.exceptions import MaxRetryError, NewConnectionError

from mcrm import clock

TIMEOUT_S = 10
WORKERS = 16
LONGEST_RETRY_AFTER_S = 86_400.0


class LookupUnavailable(Exception):
    """The provider could not be asked now: nothing is known about the delivery, ask again later."""


def pooled_adapter() -> HTTPAdapter:
    """A connection pool as large as the worker's thread pool, which never repeats a request."""
    return HTTPAdapter(pool_connections=4, pool_maxsize=WORKERS, max_retries=0)


def never_left(error: RequestException) -> bool:
    """Whether the request certainly never reached the provider: no connection, no TLS, no proxy, no such URL."""
    if isinstance(error, ConnectTimeout | SSLError | ProxyError | InvalidURL):
        return True
    cause = error.args[0] if isinstance(error, ConnectionError) and error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def retry_after_s(header: str | None) -> float | None:
    """The seconds that a Retry-After header asks for (RFC 9110: a number or a date); None if absent or unreadable."""
    if not header:
        return None
    if header.strip().isascii() and header.strip().isdigit():
        return min(float(header), LONGEST_RETRY_AFTER_S)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)  # "-0000" parses as naive and means UTC
    return min(max((at - clock.now()).total_seconds(), 0.0), LONGEST_RETRY_AFTER_S)

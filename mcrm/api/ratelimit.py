"""Politeness: a token bucket per caller in this process. Security counters (codes, sign-in) live in the database."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from mcrm.errors import TooSoon

MOST_CALLERS = 20_000


class TooManyRequests(TooSoon):
    """Too many requests: wait a little."""

    code = "rate.limited"


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_second` requests in the long run, `burst` at once."""

    per_second: float
    burst: int


class Buckets:
    """One bucket per caller; those longest unseen are forgotten beyond MOST_CALLERS."""

    def __init__(self, rate: Rate, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`monotonic` tells seconds; a test hands in its own."""
        self.rate = rate
        self.monotonic = monotonic
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # caller -> tokens, seen at

    def spend(self, caller: str) -> None:
        """Take one token of the caller; raises TooManyRequests when none is left."""
        with self._lock:
            now = self.monotonic()
            tokens, seen_at = self._buckets.pop(caller, (float(self.rate.burst), now))
            tokens = min(self.rate.burst, tokens + (now - seen_at) * self.rate.per_second)
            allowed = tokens >= 1
            self._buckets[caller] = (tokens - 1 if allowed else tokens, now)
            if len(self._buckets) > MOST_CALLERS:
                self._buckets.popitem(last=False)
        if not allowed:
            raise TooManyRequests(retry_after_s=int((1 - tokens) / self.rate.per_second) + 1)

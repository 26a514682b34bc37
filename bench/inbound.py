"""Signed texts at a steady rate, straight to the product's webhook, and when the provider accepted each reply."""

import asyncio
import contextlib
import json
import math
import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp

from bench.report import percentile
from sandbox.twilio_webhooks import signature

WARM_RATE = 15
TIMEOUT_S = 60
DRAIN_S = 120.0
QUIET_S = 2.0


@dataclass(frozen=True, slots=True)
class Answered:
    """Seconds from the post of a text to the acceptance of its reply, one for each reply.

    `refused`: texts that the webhook did not answer 200, so that the provider would repeat them; `lost`: texts that it
    did, without a reply.
    """

    latencies: list[float]
    refused: int
    lost: int

    def p_ms(self, share: float) -> float:
        """A percentile in milliseconds."""
        return percentile(self.latencies, share) * 1000 if self.latencies else math.inf


def steady(folder: Path, rate: int, seconds: int) -> Answered:
    """`rate` texts a second, each from a number of its own that has texted once before. `folder` is the demo's."""
    phones = [f"+447700{n:06d}" for n in range(500_000, 500_000 + rate * seconds)]
    before = lines_of(folder)
    if len(accepted(folder, list(post_all(folder, phones, WARM_RATE)), after=before)) < len(phones):
        raise RuntimeError("not everybody's first text was answered")
    before = lines_of(folder)
    began = post_all(folder, phones, rate)
    heard = accepted(folder, list(began), after=before)
    return Answered([heard[phone] - began[phone] for phone in heard], len(phones) - len(began), len(began) - len(heard))


def conversations(folder: Path, rate: int, count: int) -> tuple[Answered, int]:
    """So many customers at once in the middle of a complaint: each begins one, and once all have, says what it is.

    The texts and their replies, and how many replies there were too many or in a wrong place of the talk.
    """
    phones = [f"+447701{n:06d}" for n in range(count)]
    latencies, refused, wrong, before = list[float](), 0, 0, lines_of(folder)
    for said, answered in (("complaint", "went wrong"), ("The bag was torn", "your case is")):
        began = post_all(folder, phones, rate, said)
        heard = accepted(folder, list(began), after=before)
        latencies += [heard[phone] - began[phone] for phone in heard]
        refused += len(phones) - len(began)
        time.sleep(QUIET_S)  # for one too many
        replies = [one for one in accepted_since(folder, before) if one["to"].startswith("+447701")]
        wrong += len(replies) - len(heard) + sum(answered not in one["body"] for one in replies)
        before = lines_of(folder)
    return Answered(latencies, refused, 2 * count - refused - len(latencies)), wrong


def post_all(folder: Path, phones: list[str], rate: int, said: str = "track 1002") -> dict[str, float]:
    """Post one text of each number, at the rate however late the answers are; when each was posted.

    In epoch seconds; those that were not answered 200 are left out.
    """
    return asyncio.run(_post_all(folder, phones, rate, said))


async def _post_all(folder: Path, phones: list[str], rate: int, said: str) -> dict[str, float]:
    settings = settings_of(folder)
    url = f"{settings['MCRM_PUBLIC_URL']}/webhooks/twilio/sms"
    timeout, connector = aiohttp.ClientTimeout(total=TIMEOUT_S), aiohttp.TCPConnector(limit=0)
    posted: dict[str, float] = {}

    async def post(phone: str) -> None:
        sid = f"SM{secrets.token_hex(16)}"
        form = {"MessageSid": sid, "From": phone, "To": settings["TWILIO_FROM"], "Body": said}
        headers = {"X-Twilio-Signature": signature(settings["TWILIO_AUTH_TOKEN"], url, form)}
        began = time.time()
        with contextlib.suppress(TimeoutError):
            async with client.post(url, data=form, headers=headers) as answer:
                if answer.status == 200:
                    posted[phone] = began

    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as client, asyncio.TaskGroup() as tasks:
        start = time.monotonic()
        for number, phone in enumerate(phones):
            await asyncio.sleep(start + number / rate - time.monotonic())
            tasks.create_task(post(phone))
    return posted


def lines_of(folder: Path) -> int:
    """How many messages the provider has accepted."""
    return len((folder / "accepted.jsonl").read_text().splitlines())


def accepted_since(folder: Path, after: int) -> list[dict[str, Any]]:
    """What the provider has accepted since it had so many lines."""
    return [json.loads(line) for line in (folder / "accepted.jsonl").read_text().splitlines()[after:]]


def accepted(folder: Path, phones: list[str], *, after: int) -> dict[str, float]:
    """When the provider accepted the reply to each number (epoch seconds), by its log after so many lines; waits."""
    wanted, deadline = set(phones), time.monotonic() + DRAIN_S
    while True:
        items = accepted_since(folder, after)
        found = {one["to"]: datetime.fromisoformat(one["at"]).timestamp() for one in items if one["to"] in wanted}
        if len(found) == len(wanted) or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def settings_of(folder: Path) -> dict[str, str]:
    """The demo's settings, from its environment file."""
    lines = (folder / "demo.env").read_text().splitlines()
    pairs = (line.removeprefix("export ").partition("=") for line in lines)
    return {name: value.strip("'") for name, _, value in pairs}

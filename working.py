"""The worker's process: it delivers what is due and turns the engines. Doors, and what they need, it does not know."""

import signal
import threading

import structlog

from mcrm import logs, scratch
from mcrm.config import Settings, Telegram
from mcrm.opening import open_database, say_what_is_off
from mcrm.transaction import TOPIC_ENGINES
from mcrm.wakeup import Listener
from mcrm.worker import EngineWorker, engines
from migrations import standing
from notifications.resolver import Resolver
from notifications.senders import Senders, make_senders
from notifications.worker import TOPICS, DeliveryWorker

log = structlog.get_logger(__name__)
WEBHOOK_RETRY_S = 5.0


def work(settings: Settings) -> int:
    """Deliver and turn the engines until SIGTERM or SIGINT; 0 when everything in flight was finished."""
    logs.configure(settings.log_format, process="worker")
    database = open_database(settings, pool_size=8)
    standing.require_migrated(database)
    say_what_is_off(settings)
    scratch.sweep()
    listener = Listener(database, {TOPIC_ENGINES, *TOPICS})
    senders = make_senders(settings)
    deliveries = DeliveryWorker(senders, settings.limits, listener)
    turned = engines(
        settings.limits,
        order_hold_hours=settings.order_hold_hours,
        public_url=settings.public_url,
        business=settings.business_name,
    )
    turning = EngineWorker(turned, listener)
    resolver = Resolver(senders)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    threading.Thread(target=_point_telegram_here, args=(settings, senders, stopping), daemon=True).start()
    deliveries.start()
    turning.start()
    resolver.start()
    log.info("worker ready", channels=sorted(senders))
    stopping.wait()
    listener.close()
    turning.stop()
    resolver.stop()
    finished = deliveries.stop()
    database.close()
    log.info("worker stopped", finished=finished)
    return 0 if finished else 1


def _point_telegram_here(settings: Settings, senders: Senders, stopping: threading.Event) -> None:
    """Tell Telegram where our webhook is, until it has heard it, and ask for the bot's name."""
    if settings.telegram is None:
        return
    url = f"{settings.public_url}/webhooks/telegram"
    while not stopping.is_set():
        try:
            senders["telegram"].real.set_webhook(url)  # type: ignore[attr-defined]
            _compare_name(settings.telegram, senders["telegram"].real.username())  # type: ignore[attr-defined]
            return
        except Exception as error:
            log.warning("telegram did not take the webhook", error=type(error).__name__)
            stopping.wait(WEBHOOK_RETRY_S)


def _compare_name(telegram: Telegram, username: str) -> None:
    """The links in our texts are made by the setting, where no network is allowed; here is the place to check it."""
    if telegram.bot_username is None:
        log.info("texts offer no link to the bot: set TELEGRAM_BOT_USERNAME", username=username)
    elif telegram.bot_username.lower() != username.lower():
        log.warning("TELEGRAM_BOT_USERNAME is another bot's name", username=username)

"""The application: three carriers, the controls and the page on one port of this machine, mail on another."""

from aiohttp import web

from sandbox import page_files
from sandbox.controls import Controls
from sandbox.exchange import Exchange
from sandbox.fcm_api import FcmApi
from sandbox.mail_api import MailApi
from sandbox.people import People
from sandbox.settings import SandboxSettings
from sandbox.telegram_api import TelegramApi
from sandbox.twilio_api import TwilioApi

LARGEST_REQUEST = 1_000_000
EXCHANGE = web.AppKey("exchange", Exchange)
MAIL = web.AppKey("mail", MailApi)


def make_app(settings: SandboxSettings) -> web.Application:
    """Put the sandbox together; it holds everything in memory, and accepted messages in `settings.log`."""
    exchange = Exchange(settings)
    people = People(settings.people)
    app = web.Application(client_max_size=LARGEST_REQUEST)
    app[EXCHANGE] = exchange
    app[MAIL] = MailApi(exchange)
    app[MAIL].add_to(app)  # first: a port that cannot be had leaves nothing open
    app.on_startup.append(exchange.start)
    app.on_shutdown.append(exchange.stop)
    app.on_cleanup.append(exchange.close)
    FcmApi(exchange).add_routes(app)
    twilio, telegram = TwilioApi(exchange), TelegramApi(exchange, people)
    twilio.add_routes(app)
    telegram.add_routes(app)
    Controls(exchange, twilio, telegram, people).add_routes(app)
    page_files.add_routes(app, settings.public_url)
    exchange.ledger.restored.clear()  # every carrier has taken its part
    return app

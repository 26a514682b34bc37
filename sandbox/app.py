"""The application: three carriers, the controls and the page, on one port of this machine."""

from aiohttp import web

from sandbox.exchange import Exchange
from sandbox.fcm_api import FcmApi
from sandbox.settings import SandboxSettings
from sandbox.twilio_api import TwilioApi

LARGEST_REQUEST = 1_000_000


def make_app(settings: SandboxSettings) -> web.Application:
    """Put the sandbox together; it holds everything in memory, and accepted messages in `settings.log`."""
    exchange = Exchange(settings)
    app = web.Application(client_max_size=LARGEST_REQUEST)
    app.on_startup.append(exchange.start)
    app.on_shutdown.append(exchange.stop)
    app.on_cleanup.append(exchange.close)
    FcmApi(exchange).add_routes(app)
    TwilioApi(exchange).add_routes(app)
    return app

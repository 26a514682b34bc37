"""The Flask application: the API root with every blueprint on it."""

from collections.abc import Callable, Iterable, Mapping

from flask import Blueprint, Flask

from mcrm.access import login
from mcrm.access import resources as access
from mcrm.accounts import resources as accounts
from mcrm.api.root import make_api
from mcrm.config import Settings
from mcrm.consents import resources as consents
from mcrm.contacts import resources as contacts
from mcrm.deliveries import resources as deliveries
from mcrm.offers import resources as offers
from mcrm.orders import resources as orders
from mcrm.products import resources as products
from mcrm.profile import resources as profile
from mcrm.stock import resources as stock
from mcrm.sync import resources as sync
from mcrm.territories import resources as territories
from mcrm.timelines import resources as timelines

BLUEPRINTS = (
    access.signing_in,
    access.own,
    access.staff,
    territories.blueprint,
    accounts.blueprint,
    contacts.blueprint,
    consents.blueprint,
    consents.own,
    timelines.blueprint,
    profile.blueprint,
    products.blueprint,
    products.price_lists,
    stock.blueprint,
    orders.blueprint,
    orders.own,
    offers.blueprint,
    deliveries.blueprint,
    sync.blueprint,
)


def create_app(
    settings: Settings,
    *,
    doors: Iterable[tuple[Blueprint, frozenset[str]]] = (),
    checks: Mapping[str, Callable[[], str | None]] | None = None,
    gauges: Mapping[str, Callable[[], float]] | None = None,
) -> Flask:
    """The application for these settings. `doors` are webhook blueprints with their endpoints, which guard themselves.

    Opens no connection; the process's database must be in use (`db.use`) before the first request.
    """
    app = Flask("mcrm", static_folder=None)
    app.config["SETTINGS"] = settings
    api = make_api(
        app, settings, authenticate=lambda token: login.authenticate(settings, token), checks=checks, gauges=gauges
    )
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    for door, endpoints in doors:
        api.register_open(door, endpoints)
    api.seal()
    return app

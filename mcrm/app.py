"""The Flask application: the API root with every blueprint on it."""

from collections.abc import Callable, Iterable, Mapping

from flask import Blueprint, Flask

from mcrm.access import login
from mcrm.access import resources as access
from mcrm.accounting import resources as accounting
from mcrm.accounts import resources as accounts
from mcrm.activities import resources as activities
from mcrm.addresses import resources as addresses
from mcrm.api.blueprint import Blueprint as OwnBlueprint
from mcrm.api.root import make_api
from mcrm.audit import resources as audit
from mcrm.bulk import resources as bulk
from mcrm.bulkchanges import resources as bulkchanges
from mcrm.carriers import resources as carriers
from mcrm.cases import resources as cases
from mcrm.config import Settings
from mcrm.consents import resources as consents
from mcrm.contact_roles import resources as contact_roles
from mcrm.contacts import resources as contacts
from mcrm.conversations import resources as conversations
from mcrm.custom_fields import resources as custom_fields
from mcrm.deliveries import resources as deliveries
from mcrm.duplicates import resources as duplicates
from mcrm.examples import EXAMPLES
from mcrm.inbox import resources as inbox
from mcrm.integrations import resources as integrations
from mcrm.invoices import resources as invoices
from mcrm.leads import resources as leads
from mcrm.learning import resources as learning
from mcrm.leases import resources as leases
from mcrm.ledger import resources as ledger
from mcrm.notes import resources as notes
from mcrm.offers import resources as offers
from mcrm.opportunities import resources as opportunities
from mcrm.orders import resources as orders
from mcrm.payments import resources as payments
from mcrm.pricing import resources as pricing
from mcrm.privacy import resources as privacy
from mcrm.products import resources as products
from mcrm.profile import resources as profile
from mcrm.purchasing import resources as purchasing
from mcrm.quotes import resources as quotes
from mcrm.reconciliation import resources as reconciliation
from mcrm.returns import resources as returns
from mcrm.rounds import resources as rounds
from mcrm.search import resources as search
from mcrm.settings_store import resources as settings_store
from mcrm.shopping import resources as shopping
from mcrm.stock import resources as stock
from mcrm.sync import resources as sync
from mcrm.tags import resources as tags
from mcrm.targets import resources as targets
from mcrm.tasks import resources as tasks
from mcrm.taxes import resources as taxes
from mcrm.templates import resources as templates
from mcrm.territories import resources as territories
from mcrm.timelines import resources as timelines
from mcrm.visits import resources as visits

BLUEPRINTS = (
    access.signing_in,
    access.own,
    access.password,
    access.staff,
    access.oneself,
    access.customers,
    integrations.blueprint,
    settings_store.blueprint,
    audit.blueprint,
    territories.blueprint,
    accounts.blueprint,
    contacts.blueprint,
    contact_roles.blueprint,
    custom_fields.blueprint,
    addresses.blueprint,
    addresses.own,
    tags.blueprint,
    notes.blueprint,
    duplicates.blueprint,
    consents.blueprint,
    consents.own,
    consents.wishes,
    timelines.blueprint,
    profile.blueprint,
    profile.decided,
    products.blueprint,
    products.price_lists,
    taxes.blueprint,
    pricing.blueprint,
    pricing.own,
    pricing.handed_out,
    pricing.discount_limits,
    stock.blueprint,
    leases.blueprint,
    purchasing.blueprint,
    orders.blueprint,
    shopping.catalogue,
    shopping.orders,
    payments.blueprint,
    payments.own,
    invoices.blueprint,
    invoices.own,
    invoices.linked,
    ledger.blueprint,
    reconciliation.blueprint,
    accounting.blueprint,
    quotes.blueprint,
    quotes.own,
    returns.blueprint,
    leads.blueprint,
    opportunities.stages,
    opportunities.blueprint,
    targets.blueprint,
    returns.own,
    carriers.blueprint,
    carriers.own,
    offers.blueprint,
    deliveries.blueprint,
    templates.blueprint,
    templates.messages,
    learning.blueprint,
    search.blueprint,
    bulk.imports,
    bulk.mappings,
    bulk.exports,
    bulkchanges.blueprint,
    tasks.blueprint,
    activities.blueprint,
    rounds.blueprint,
    rounds.plans,
    rounds.cadences,
    rounds.team,
    visits.blueprint,
    visits.report_forms,
    visits.reports,
    conversations.own,
    cases.blueprint,
    inbox.blueprint,
    inbox.canned_replies,
    sync.blueprint,
    privacy.own,
    privacy.blueprint,
)


def create_app(
    settings: Settings,
    *,
    blueprints: Iterable[OwnBlueprint] = (),
    doors: Iterable[tuple[Blueprint, frozenset[str]]] = (),
    checks: Mapping[str, Callable[[], str | None]] | None = None,
    gauges: Mapping[str, Callable[[], float]] | None = None,
) -> Flask:
    """The application for these settings.

    `blueprints` are operations that the core does not know; `doors` are webhook blueprints with their endpoints, which
    guard themselves.

    Opens no connection; the process's database must be in use (`db.use`) before the first request.
    """
    app = Flask("mcrm", static_folder=None)
    app.config["SETTINGS"] = settings
    api = make_api(
        app,
        settings,
        authenticate=lambda token: login.authenticate(settings, token),
        checks=checks,
        gauges=gauges,
        examples=EXAMPLES,
    )
    for blueprint in (*BLUEPRINTS, *blueprints):
        api.register_blueprint(blueprint)
    own_doors = (
        (carriers.make_doors(settings), carriers.ENDPOINTS),
        (privacy.make_doors(settings), privacy.ENDPOINTS),
    )
    for door, endpoints in (*doors, *own_doors):
        api.register_open(door, endpoints)
    api.seal()
    return app

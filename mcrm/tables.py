"""Imports every table, so that foreign keys by name resolve and the migrations see all of them."""

from sqlalchemy.orm import configure_mappers

from mcrm.access import models as access
from mcrm.accounts import models as accounts
from mcrm.addresses import models as addresses
from mcrm.audit import models as audit
from mcrm.bulk import models as bulk
from mcrm.bulkchanges import models as bulkchanges
from mcrm.carriers import models as carriers
from mcrm.cases import models as cases
from mcrm.consents import models as consents
from mcrm.contact_roles import models as contact_roles
from mcrm.contacts import models as contacts
from mcrm.conversations import models as conversations
from mcrm.custom_fields import models as custom_fields
from mcrm.db import Base
from mcrm.deliveries import models as deliveries
from mcrm.duplicates import models as duplicates
from mcrm.inbox import models as inbox
from mcrm.integrations import models as integrations
from mcrm.interactions import models as interactions
from mcrm.invoices import models as invoices
from mcrm.leads import models as leads
from mcrm.learning import models as learning
from mcrm.leases import models as leases
from mcrm.ledger import models as ledger
from mcrm.lookup import models as lookup
from mcrm.offers import models as offers
from mcrm.opportunities import models as opportunities
from mcrm.orders import models as orders
from mcrm.payments import models as payments
from mcrm.pricing import models as pricing
from mcrm.privacy import models as privacy
from mcrm.products import models as products
from mcrm.quotes import models as quotes
from mcrm.returns import models as returns
from mcrm.rounds import models as rounds
from mcrm.settings_store import models as settings_store
from mcrm.stock import models as stock
from mcrm.sync import models as sync
from mcrm.tags import models as tags
from mcrm.targets import models as targets
from mcrm.tasks import models as tasks
from mcrm.taxes import models as taxes
from mcrm.templates import models as templates
from mcrm.territories import models as territories
from mcrm.visits import models as visits

MODULES = (
    access,
    accounts,
    addresses,
    audit,
    bulk,
    bulkchanges,
    carriers,
    cases,
    consents,
    contact_roles,
    contacts,
    conversations,
    custom_fields,
    deliveries,
    duplicates,
    inbox,
    integrations,
    interactions,
    invoices,
    learning,
    leads,
    leases,
    ledger,
    lookup,
    offers,
    opportunities,
    orders,
    payments,
    pricing,
    privacy,
    products,
    quotes,
    returns,
    rounds,
    settings_store,
    stock,
    tags,
    targets,
    tasks,
    taxes,
    templates,
    sync,
    territories,
    visits,
)
metadata = Base.metadata
configure_mappers()  # now, in one thread, and not lazily in several at once

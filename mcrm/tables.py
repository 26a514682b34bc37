"""Imports every table, so that foreign keys by name resolve and the migrations see all of them."""

from sqlalchemy.orm import configure_mappers

from mcrm.access import models as access
from mcrm.accounts import models as accounts
from mcrm.audit import models as audit
from mcrm.cases import models as cases
from mcrm.consents import models as consents
from mcrm.contacts import models as contacts
from mcrm.conversations import models as conversations
from mcrm.db import Base
from mcrm.deliveries import models as deliveries
from mcrm.interactions import models as interactions
from mcrm.offers import models as offers
from mcrm.orders import models as orders
from mcrm.products import models as products
from mcrm.stock import models as stock
from mcrm.sync import models as sync
from mcrm.territories import models as territories

MODULES = (
    access,
    accounts,
    audit,
    cases,
    consents,
    contacts,
    conversations,
    deliveries,
    interactions,
    offers,
    orders,
    products,
    stock,
    sync,
    territories,
)
metadata = Base.metadata
configure_mappers()  # now, in one thread, and not lazily in several at once

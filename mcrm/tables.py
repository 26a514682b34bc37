"""Imports every table, so that foreign keys by name resolve and the migrations see all of them."""

from sqlalchemy.orm import configure_mappers

from mcrm.access import models as access
from mcrm.accounts import models as accounts
from mcrm.addresses import models as addresses
from mcrm.audit import models as audit
from mcrm.cases import models as cases
from mcrm.consents import models as consents
from mcrm.contact_roles import models as contact_roles
from mcrm.contacts import models as contacts
from mcrm.conversations import models as conversations
from mcrm.custom_fields import models as custom_fields
from mcrm.db import Base
from mcrm.deliveries import models as deliveries
from mcrm.duplicates import models as duplicates
from mcrm.interactions import models as interactions
from mcrm.lookup import models as lookup
from mcrm.offers import models as offers
from mcrm.orders import models as orders
from mcrm.products import models as products
from mcrm.stock import models as stock
from mcrm.tags import models as tags
from mcrm.territories import models as territories

MODULES = (
    access,
    accounts,
    addresses,
    audit,
    cases,
    consents,
    contact_roles,
    contacts,
    conversations,
    custom_fields,
    deliveries,
    duplicates,
    interactions,
    lookup,
    offers,
    orders,
    products,
    stock,
    tags,
    territories,
)
metadata = Base.metadata
configure_mappers()  # now, in one thread, and not lazily in several at once

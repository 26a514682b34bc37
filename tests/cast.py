"""The recurring cast: small builders that put believable people and orders into the database under test."""

from collections.abc import Iterable
from itertools import count
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access.models import User
from mcrm.accounts.models import Account, AccountKind
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.conversations import service as conversations
from mcrm.inbox import handing
from mcrm.inbox.models import Handover
from mcrm.orders.models import Order
from mcrm.products.models import PriceList, PriceListItem, Product
from mcrm.stock.models import StockItem
from mcrm.territories.models import ScopeGrant, Territory

_numbers = count(2000)


def a_territory(session: Session, name: str = "West") -> Territory:
    """A territory."""
    territory = Territory(name=name)
    session.add(territory)
    session.flush()
    return territory


def a_user(
    session: Session, name: str, role: str = "rep", *, territories: Iterable[Territory] = (), team: str | None = None
) -> User:
    """Somebody of the staff, who sees these territories."""
    email = f"{name.split()[0].lower()}-{next(_numbers)}@harbourandpine.example"
    user = User(email=email, name=name, role=role, team=team, password_hash="none")
    session.add(user)
    session.flush()
    session.add_all(ScopeGrant(user_id=user.id, territory_id=territory.id) for territory in territories)
    session.flush()
    return user


def a_customer(
    session: Session,
    name: str = "Ben Okafor",
    *,
    phone: str | None = None,
    telegram: int | None = None,
    push: str | None = None,
    territory_id: UUID | None = None,
) -> Contact:
    """A private person with an account and the addresses given."""
    account = Account(name=name, kind=AccountKind.PERSON.value, territory_id=territory_id)
    contact = Contact(name=name, account_id=account.id)
    session.add(account)
    session.flush()
    session.add(contact)
    session.flush()
    for channel, address in (("sms", phone), ("telegram", telegram), ("push", push)):
        if address is not None:
            kind = "token" if channel == "push" else None
            session.add(ContactPoint(contact_id=contact.id, channel=channel, address=str(address), kind=kind))
    session.flush()
    return contact


def an_order(
    session: Session, customer: Contact, number: str | None = None, status: str = "confirmed", total: int = 2450
) -> Order:
    """An order of that customer, without lines."""
    number = number or str(next(_numbers))
    order = Order(
        number=number,
        number_key=number.upper(),
        status=status,
        account_id=customer.account_id,
        contact_id=customer.id,
        currency="GBP",
        total=total,
        placed_at=clock.now(),
    )
    session.add(order)
    session.flush()
    return order


def a_product(
    session: Session,
    code: str = "ESP-250",
    name: str = "Harbour Espresso 250 g",
    *,
    price: int = 950,
    stock: int | None = None,
) -> Product:
    """Something on sale for so many pence; `stock` pieces of it, or not tracked."""
    product = Product(code=code, code_key=code.upper(), name=name)
    price_list = session.scalar(select(PriceList)) or PriceList(name="Shop prices", currency="GBP")
    session.add_all([product, price_list])
    session.flush()
    session.add(PriceListItem(price_list_id=price_list.id, product_id=product.id, unit_price=price))
    if stock is not None:
        session.add(StockItem(product_id=product.id, on_hand=stock))
    session.flush()
    return product


def a_handover(session: Session, customer: Contact) -> Handover:
    """A customer who waits for a person, by text."""
    query = select(ContactPoint).where(ContactPoint.contact_id == customer.id, ContactPoint.channel == "sms")
    point = session.scalars(query).one()
    conversation = conversations.conversation_of(session, point, customer.id)
    handover = handing.begin(session, conversation, point, customer, "asked", f"{customer.name}, by sms\n-\n-")
    session.flush()
    return handover

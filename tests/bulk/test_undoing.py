"""An import can be taken back, as far as nobody built on it since."""

from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mcrm.accounts.models import Account
from mcrm.actors import SYSTEM
from mcrm.bulk.acting import COMMAND_LINE
from mcrm.bulk.models import ImportRow
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.custom_fields import service as custom_fields
from mcrm.custom_fields.models import FieldTable, FieldType
from mcrm.db import Database
from mcrm.interactions.models import Interaction
from mcrm.products.models import PriceListItem, Product
from mcrm.stock.models import StockItem
from mcrm.transaction import transaction
from tests.bulk.files import CONTACTS, brought, taken_back
from tests.cast import a_customer, a_product, an_order


def left(session: Session) -> list[Any]:
    session.expire_all()
    people = select(Contact.number, Contact.name, Contact.notes).order_by(Contact.id)
    points = select(ContactPoint.address).where(ContactPoint.contact_id.is_not(None)).order_by(ContactPoint.address)
    return [
        [tuple(row) for row in session.execute(people)],
        list(session.scalars(points)),
        session.scalar(select(func.count()).select_from(Account)),
    ]


def stays(session: Session, job: Any) -> list[str]:
    query = select(ImportRow.undone).where(ImportRow.import_id == job.id, ImportRow.run == job.run)
    return [one or "" for one in session.scalars(query.order_by(ImportRow.row))]


def test_own_fields_come_in_as_they_are_defined_and_go_back_one_by_one(
    database: Database, session: Session, tmp_path: Path
) -> None:
    for name in ("roast", "grind"):
        custom_fields.define(
            session, SYSTEM, table=FieldTable.CONTACTS, name=name, type=FieldType.STRING, label=name, is_required=False
        )
    tom = a_customer(session, "Tom", phone="+447700900203")
    tom.custom = {"roast": "dark", "hidden": "kept"}
    session.commit()
    words = 'name,phone,custom\nTom,07700 900203,"{""roast"": ""light"", ""grind"": ""fine""}"\n'
    words += 'Mei,07700 900204,"{""roast"": ""light""}"\nRosa,07700 900205,"{""unheard"": ""of""}"\n'
    job = brought(tmp_path, words, "contacts")
    assert job.counts == {"updated": 1, "created": 1, "rejected": 1}
    session.expire_all()
    assert tom.custom == {"roast": "light", "grind": "fine", "hidden": "kept"}
    with transaction() as work:
        contacts.change(work, SYSTEM, work.get_one(Contact, tom.id), {"custom": {"grind": "coarse"}})
    taken_back(job.id)
    session.expire_all()
    assert tom.custom == {"roast": "dark", "grind": "coarse", "hidden": "kept"}


def test_untouched_rows_go_and_changed_fields_come_back(database: Database, session: Session, tmp_path: Path) -> None:
    tom = a_customer(session, "Tom", phone="+447700900203")
    tom.notes = "Likes it dark."
    session.commit()
    before = left(session)
    words = CONTACTS.replace("Country", "notes").replace(",GB\n", ",Likes it light.\n").replace("The Ferry Café", "")
    job = brought(tmp_path, words, "contacts")
    assert job.counts == {"created": 2, "updated": 1}
    undone = taken_back(job.id)
    assert (undone.state, undone.counts["undone"]) == ("undone", 3)
    assert left(session) == before
    assert "contact.removed" in set(session.scalars(select(Interaction.kind)))


def test_what_somebody_changed_or_named_since_stays_and_says_why(
    database: Database, session: Session, tmp_path: Path
) -> None:
    a_customer(session, "Tom", phone="+447700900203")
    session.commit()
    job = brought(tmp_path, CONTACTS, "contacts")
    with transaction() as work:
        people = {one.number: one for one in work.scalars(select(Contact))}
        contacts.change(work, COMMAND_LINE, people["K1"], {"notes": "Rang on Monday."})
        contacts.change(work, COMMAND_LINE, people["K2"], {"name": "Thomas"})
        an_order(work, people["K3"])
    undone = taken_back(job.id)
    assert (undone.counts.get("undone", 0), undone.counts["kept"]) == (0, 3)
    assert stays(session, job) == ["import.changed-since", "import.changed-since", "contact.in-use"]
    session.expire_all()
    tom = session.scalars(select(Contact).where(Contact.name == "Thomas")).one()
    assert tom.number is None  # the field that nobody else changed came back


def test_products_prices_and_stock_are_taken_back(database: Database, session: Session, tmp_path: Path) -> None:
    a_product(session, stock=40)
    session.commit()
    goods = brought(tmp_path, "code,name\nESP-250,Espresso\nHP-MUG,Mug\nHP-BAG,Bag\n", "products")
    prices = brought(tmp_path, "price_list,product,price\nShop prices,ESP-250,7\nShop prices,HP-MUG,14\n", "prices")
    stock = brought(tmp_path, "product,on_hand\nESP-250,25\nHP-BAG,5\n", "stock")
    assert taken_back(stock.id).counts["undone"] == 2
    assert taken_back(prices.id).counts["undone"] == 2
    assert taken_back(goods.id).counts["undone"] == 3
    session.expire_all()
    names = dict(tuple(row) for row in session.execute(select(Product.code, Product.name)))
    assert names == {"ESP-250": "Harbour Espresso 250 g", "HP-BAG": "Bag"}  # the bag has a stock history
    assert stays(session, goods) == ["undone", "undone", "taken-off-sale"]
    assert list(session.scalars(select(PriceListItem.unit_price))) == [950]
    assert sorted(session.scalars(select(StockItem.on_hand))) == [0, 40]

"""What becomes of files of products, prices and stock."""

from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mcrm.db import Database
from mcrm.products.models import PriceList, PriceListItem, Product
from mcrm.stock.models import StockItem, StockMove
from tests.bulk.files import brought, verdicts
from tests.cast import a_product

PRODUCTS = """\
SKU;Title;Category;Active
HP-MUG;Stoneware mug;Homeware;yes
esp-250;Harbour Espresso 250 g;Coffee;no
;Nameless;;
HP-TIN;;;
HP-BAG;Gift bag;;perhaps
"""
PRICES = """\
price list;currency;sku;from;unit price
Shop prices;GBP;ESP-250;1;"9,75"
Shop prices;GBP;ESP-250;10;8
Trade;EUR;ESP-250;;1.234,50
Unknown;;ESP-250;;1
Shop prices;EUR;ESP-250;2;1
Shop prices;GBP;NO-SUCH;1;1
Shop prices;GBP;ESP-250;3;"1,005"
Shop prices;GBP;ESP-250;4;12.50
"""


def test_products_are_found_by_their_code_whatever_its_case(
    database: Database, session: Session, tmp_path: Path
) -> None:
    a_product(session)
    session.commit()
    job = brought(tmp_path, PRODUCTS, "products")
    assert verdicts(session, job) == [
        (2, "created", "", ""),
        (3, "updated", "", ""),
        (4, "rejected", "import.missing", "code"),
        (5, "rejected", "import.missing", "name"),
        (6, "rejected", "import.invalid", "is_active"),
    ]
    session.expire_all()
    espresso = session.scalars(select(Product).where(Product.code_key == "ESP-250")).one()
    assert (espresso.code, espresso.category, espresso.is_active) == ("ESP-250", "Coffee", False)
    assert brought(tmp_path, PRODUCTS, "products").counts == {"unchanged": 2, "rejected": 3}


def test_prices_with_decimal_commas_become_minor_units_and_a_new_list_is_made(
    database: Database, session: Session, tmp_path: Path
) -> None:
    a_product(session)
    session.commit()
    job = brought(tmp_path, PRICES, "prices")
    assert verdicts(session, job) == [
        (2, "updated", "", ""),
        (3, "created", "", ""),
        (4, "created", "", ""),
        (5, "rejected", "price-list.unknown", "price_list"),
        (6, "rejected", "import.other-currency", "currency"),
        (7, "rejected", "product.unknown", "product"),
        (8, "rejected", "import.invalid", ""),
        (9, "rejected", "import.invalid", "price"),
    ]
    query = select(PriceList.name, PriceListItem.min_quantity, PriceListItem.unit_price)
    query = query.join(PriceListItem, PriceListItem.price_list_id == PriceList.id)
    found = sorted(tuple(row) for row in session.execute(query))
    assert found == [("Shop prices", 1, 975), ("Shop prices", 10, 800), ("Trade", 1, 123450)]


def test_a_count_moves_what_differs_and_says_so(database: Database, session: Session, tmp_path: Path) -> None:
    a_product(session, stock=40)
    a_product(session, "HP-MUG", "Mug")
    session.commit()
    words = "product,location,on hand\nESP-250,,25\nHP-MUG,main,12.0\nHP-MUG,shop,3\nNO-SUCH,,1\nHP-MUG,attic,-1\n"
    job = brought(tmp_path, words, "stock")
    assert [one[1:3] for one in verdicts(session, job)] == [
        ("updated", ""),
        ("created", ""),
        ("created", ""),
        ("rejected", "product.unknown"),
        ("rejected", "import.out-of-range"),
    ]
    assert sorted(session.scalars(select(StockItem.on_hand))) == [3, 12, 25]
    assert session.scalar(select(func.sum(StockMove.quantity))) == -15 + 12 + 3
    assert brought(tmp_path, words, "stock").counts == {"unchanged": 3, "rejected": 2}


def test_what_is_promised_cannot_be_counted_away(database: Database, session: Session, tmp_path: Path) -> None:
    a_product(session, stock=40)
    session.scalars(select(StockItem)).one().reserved = 10
    session.commit()
    job = brought(tmp_path, "product,on_hand\nESP-250,9\n", "stock")
    assert verdicts(session, job) == [(2, "rejected", "stock.below-reserved", "on_hand")]

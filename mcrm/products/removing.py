"""Taking back what an import made: a product or price that nothing names yet goes again."""

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.products import service
from mcrm.products.models import PriceListItem, Product


def remove(session: Session, actor: Actor, product: Product) -> bool:
    """Delete the product; one that prices, stock or orders name is taken off sale instead. Whether it is gone."""
    try:
        with session.begin_nested():
            session.delete(product)
    except IntegrityError:
        service.change(session, actor, product, {"is_active": False})
        return False
    about = About(subject=("product", product.id))
    log.append(session, actor, Kind.PRODUCT_REMOVED, about=about, payload={"code": product.code})
    return True


def remove_price(session: Session, actor: Actor, item: PriceListItem) -> None:
    """Delete one price of a list."""
    session.delete(item)
    session.flush()
    payload = {"price_list_id": str(item.price_list_id), "min_quantity": item.min_quantity}
    log.append(session, actor, Kind.PRICE_REMOVED, about=About(subject=("product", item.product_id)), payload=payload)

"""Taking an import back, a few rows a transaction, the last row first.

What the import made goes if nobody touched or named it since; a field it changed gets its former value if it still
has the import's. Everything else stays, and the row says why.
"""

from collections import Counter
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.accounts import service as accounts
from mcrm.accounts.models import Account
from mcrm.actors import Actor
from mcrm.bulk import leaving, pricelists
from mcrm.bulk.acting import actor_of
from mcrm.bulk.leaving import ChangedSince, Gone, untouched
from mcrm.bulk.models import Import, ImportRow, ImportState
from mcrm.contacts import arriving, points
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.errors import DomainError
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.products import removing
from mcrm.products import service as products
from mcrm.products.models import PriceListItem, Product
from mcrm.stock import moving as stock
from mcrm.stock.models import StockItem

PAGE = 10  # each of them may touch three rows and write as many facts
UNDONE = "undone"
TURNED_OFF = "taken-off-sale"
KEPT = {(True, False): "company-kept", (False, True): "tag-kept", (True, True): "company-and-tag-kept"}
"""The contact went, but not what the import made beside it: something else hangs on that by now."""
TAKEN_BACK = {UNDONE, TURNED_OFF, *KEPT.values()}


def step(session: Session, import_id: UUID) -> None:
    """Take the next rows back; after the last one the import is undone."""
    job = session.scalar(select(Import).where(Import.id == import_id).with_for_update())
    if job is None or job.state != ImportState.UNDOING:
        return
    query = select(ImportRow).where(ImportRow.import_id == job.id, ImportRow.run == job.run)
    query = query.where(ImportRow.undo.is_not(None), ImportRow.undone.is_(None))
    rows = session.scalars(query.order_by(ImportRow.row.desc()).limit(PAGE)).all()
    actor = actor_of(session, job.user_id, job.actor)
    counts = Counter(job.counts)
    for row in rows:
        row.undone = _taken_back(session, actor, job.resource, row) if actor else "auth.role-missing"
        counts["undone" if row.undone in TAKEN_BACK else "kept"] += 1
    job.counts = dict(counts)
    if len(rows) < PAGE:
        job.state, job.finished_at = ImportState.UNDONE.value, clock.now()
        about = About(subject=("import", job.id))
        payload = {"undone": counts["undone"], "kept": counts["kept"]}
        log.append(session, actor or actor_of(session, None), Kind.IMPORT_UNDONE, about=about, payload=payload)  # type: ignore[arg-type]


def _taken_back(session: Session, actor: Actor, resource: str, row: ImportRow) -> str:
    """One of TAKEN_BACK, or the code of why it stays."""
    assert row.undo is not None and row.subject_id is not None
    try:
        with session.begin_nested():
            return BACK[resource](session, actor, row.subject_id, row.undo)
    except DomainError as error:
        return error.code


def _contact(session: Session, actor: Actor, contact_id: UUID, undo: dict[str, Any]) -> str:
    contact = contacts.reachable(session, actor, contact_id)
    if "made" in undo:
        made = undo["made"]
        held = [untouched(session, ContactPoint, *one) for one in made["points"]]
        account = untouched(session, Account, *made["account"][0]) if made["account"] else None
        untouched(session, Contact, *made["contact"][0])
        leaving.take_off(session, contact, made)
        arriving.take_back(session, actor, contact, account, held)
        company_stays = not leaving.company_goes(session, actor, made.get("company"))
        tag_stays = not leaving.tags_go(session, made.get("tags", ()))
        return KEPT.get((company_stays, tag_stays), UNDONE)
    back, kept = _former(contact, undo["contact"])
    own_fields = {name: before for name, (before, after) in undo["custom"].items() if contact.custom.get(name) == after}
    kept += len(undo["custom"]) - len(own_fields)
    contacts.change(session, actor, contact, back | ({"custom": own_fields} if own_fields else {}))
    account = session.get_one(Account, contact.account_id)
    of_account, kept_there = _former(account, undo["account"])
    if of_account.get("territory_id") is not None:
        of_account["territory_id"] = UUID(of_account["territory_id"])
    if of_account:
        accounts.change(session, actor, account, of_account)
    for point_id in undo["points"]:
        point = session.get(ContactPoint, UUID(point_id))
        if point is not None and point.contact_id == contact.id:
            points.remove(session, actor, point=point)
    kept += leaving.go_back(session, actor, contact, undo.get("belongings", {}))
    return UNDONE if not kept + kept_there else ChangedSince.code


def _product(session: Session, actor: Actor, product_id: UUID, undo: dict[str, Any]) -> str:
    product = session.get(Product, product_id)
    if product is None:
        raise Gone
    if "made" in undo:
        untouched(session, Product, *undo["made"])
        return UNDONE if removing.remove(session, actor, product) else TURNED_OFF
    back, kept = _former(product, undo["product"])
    products.change(session, actor, product, back)
    return UNDONE if not kept else ChangedSince.code


def _price(session: Session, actor: Actor, item_id: UUID, undo: dict[str, Any]) -> str:
    item = session.get(PriceListItem, item_id)
    if item is None:
        raise Gone
    kept = pricelists.turn_back(session, actor, item.price_list_id, undo.get("list", {}))
    if "price" not in undo:
        return UNDONE if not kept else ChangedSince.code
    before, after = undo["price"]
    if item.unit_price != after:
        raise ChangedSince
    if before is None:
        removing.remove_price(session, actor, item)
    else:
        key: dict[str, Any] = {
            "price_list_id": item.price_list_id,
            "product_id": item.product_id,
            "min_quantity": item.min_quantity,
        }
        products.set_price(session, actor, unit_price=before, **key)
    return UNDONE if not kept else ChangedSince.code


def _stock(session: Session, actor: Actor, item_id: UUID, undo: dict[str, Any]) -> str:
    """Movements since stay: the pieces that the import brought go out again, if they are still there to go."""
    item = session.get(StockItem, item_id)
    if item is None:
        raise Gone
    if undo["moved"]:
        where: dict[str, Any] = {"product_id": item.product_id, "location": item.location}
        stock.move(session, actor, quantity=-undo["moved"], reason="import undone", **where)
    return UNDONE


def _former(row: Any, changed: dict[str, list[Any]]) -> tuple[dict[str, Any], int]:
    """The values to give back, and how many fields somebody else has changed."""
    still = {}
    for name, (before, after) in changed.items():
        present = getattr(row, name)
        if (str(present) if isinstance(present, UUID) else present) == after:
            still[name] = before
    return still, len(changed) - len(still)


BACK = {"contacts": _contact, "products": _product, "prices": _price, "stock": _stock}

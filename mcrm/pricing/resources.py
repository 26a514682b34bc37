"""Prices over HTTP: what something would cost, the rules behind it as data, and how much discount a role may give."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import Response, request
from flask.views import MethodView
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.accounts import service as accounts
from mcrm.actors import STAFF, Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.json import encode
from mcrm.api.paging import whole, whole_of
from mcrm.contacts import service as contacts
from mcrm.db import reading
from mcrm.pricing import limits, loading, service
from mcrm.pricing.errors import NobodyNamed
from mcrm.pricing.limits import Limit
from mcrm.pricing.rules import VERSION, Wanted
from mcrm.pricing.schemas import (
    DiscountLimitInSchema,
    DiscountLimitSchema,
    OwnPricesInSchema,
    PricesInSchema,
    PricesSchema,
    RulesQuery,
    RulesSchema,
)
from mcrm.pricing.service import Quotation
from mcrm.transaction import perform

blueprint = Blueprint(
    "prices", __name__, url_prefix="/v1/prices", area=Area.PRODUCTS, description="What something would cost."
)
own = Blueprint("own-prices", __name__, url_prefix="/v1/me/prices", description="What it would cost a customer.")
handed_out = Blueprint(
    "pricing", __name__, url_prefix="/v1/pricing", area=Area.PRODUCTS, description="Rules of prices, as data."
)
discount_limits = Blueprint(
    "discount-limits", __name__, url_prefix="/v1/discount-limits", description="Who may give how much discount."
)


def shown(quotation: Quotation) -> dict[str, Any]:
    """Priced lines with the names of the products, as the wire shows them."""
    priced = asdict(quotation.priced)
    lines = [line | {"description": quotation.names[line["product_id"]]} for line in priced["lines"]]
    return priced | {"lines": lines}


def wanted(lines: Sequence[dict[str, Any]]) -> list[Wanted]:
    """Lines off the wire."""
    return [Wanted(**line) for line in lines]


def _payer(session: Session, *, account_id: UUID | None = None, contact_id: UUID | None = None) -> UUID:
    """The account that would pay; raises NobodyNamed unless exactly one is named, or what its finder raises."""
    if (account_id is None) == (contact_id is None):
        raise NobodyNamed(field="account_id")
    if contact_id is not None:
        return contacts.account_of(session, current_actor, contact_id, field="contact_id")
    assert account_id is not None
    return accounts.reachable(session, current_actor, account_id, field="account_id").id


@blueprint.route("", roles=STAFF)
class Prices(MethodView):
    """Prices without an order."""

    @blueprint.arguments(PricesInSchema())
    @blueprint.response(200, PricesSchema())
    def post(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Say what lines would cost an account; nothing is kept and no stock is held."""
        lines, at = wanted(asked.pop("lines")), asked.pop("at")
        with reading() as session:
            payer = _payer(session, **asked)
            return shown(service.quote(session, current_actor, account_id=payer, lines=lines, at=at))


@own.route("", roles={Role.CUSTOMER})
class OwnPrices(MethodView):
    """One's own prices."""

    @own.arguments(OwnPricesInSchema())
    @own.response(200, PricesSchema())
    def post(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Say what lines would cost you now."""
        with reading() as session:
            payer = _payer(session, contact_id=current_actor.contact_id)
            return shown(service.quote(session, current_actor, account_id=payer, lines=wanted(asked["lines"])))


@handed_out.route("/rules", roles=STAFF)
class HandedOut(MethodView):
    """The rules of one account."""

    @handed_out.arguments(RulesQuery(), location="query")
    @handed_out.response(200, RulesSchema())
    @handed_out.alt_response(404)
    def get(self, query: dict[str, Any]) -> Response:
        """Hand out everything that decides what an account pays, so that a phone computes the same without a network.

        Lists that begin later and rates that count later are in it. With `If-None-Match` the same rules are a 304.
        """
        with reading() as session:
            payer = accounts.reachable(session, current_actor, query["account_id"], field="account_id").id
            found = loading.rules_of(session, payer, at=clock.now())
            most = limits.allowed(session, current_actor.role)
        head = {"version": VERSION, "discount_limit_basis_points": most}
        body = encode(head | {name: getattr(found, name) for name in ("products", "lists", "taxes")})
        answer = Response(body, mimetype="application/json")
        answer.set_etag(hashlib.sha256(body).hexdigest()[:32])
        answer.make_conditional(request)
        return answer


@discount_limits.route("", roles=STAFF)
class DiscountLimits(MethodView):
    """All of them."""

    @discount_limits.response(200, whole_of(DiscountLimitSchema()))
    def get(self) -> dict[str, Any]:
        """List how much discount each role may give."""
        with reading() as session:
            return whole(limits.limits(session))


@discount_limits.route("/<role>", roles=STAFF)
@discount_limits.etag
class OneDiscountLimit(MethodView):
    """One role's."""

    @discount_limits.response(200, DiscountLimitSchema())
    def get(self, role: str) -> Limit:
        """How much discount a role may give."""
        with reading() as session:
            return limits.limit(session, role)

    @discount_limits.allow(Role.ADMIN)
    @discount_limits.arguments(DiscountLimitInSchema())
    @discount_limits.response(200, DiscountLimitSchema())
    def put(self, facts: dict[str, Any], role: str) -> Limit:
        """Say how much discount a role may give."""

        def work(session: Session) -> Limit:
            standing = limits.limit(session, role)
            discount_limits.check_etag(standing)
            return limits.set_limit(session, current_actor, standing, **facts)

        return perform(work)

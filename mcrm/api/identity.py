"""Who calls: the actor behind a request's bearer token."""

from dataclasses import replace
from typing import cast

from flask import g, request
from werkzeug.local import LocalProxy

from mcrm.actors import Actor
from mcrm.api.requestid import request_id
from mcrm.api.state import root
from mcrm.errors import NotSignedIn


class BadToken(NotSignedIn):
    """This access token is not valid, or not valid any more."""

    code = "auth.invalid-token"


def _actor() -> Actor:
    actor: Actor | None = g.get("actor")
    if actor is None:
        raise RuntimeError("a public operation has no actor")
    return actor


current_actor: Actor = cast(Actor, LocalProxy(_actor))


def recognise() -> Actor:
    """Authenticate the request and remember its actor; raises NotSignedIn without a good bearer token."""
    g.actor = replace(root().authenticate(bearer_token()), request_id=request_id())
    return cast(Actor, g.actor)


def bearer_token() -> str:
    """The token of the Authorization header; raises NotSignedIn without one, BadToken for another shape."""
    header = request.headers.get("Authorization", "")
    if not header:
        raise NotSignedIn
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > 4096 or not token.isascii() or not token.isprintable():
        raise BadToken
    return token

"""Idempotency-Key: the same intent sent twice has one effect and gets one answer.

The key is claimed as the first act of the effect's own transaction and the answer is written into the same row as its
last one: both commit together or not at all. A twin that arrives meanwhile waits for that row (a lock on PostgreSQL,
the turn to write on SQLite), then gets the first one's answer. Only successes are kept.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

import orjson
from flask import Response, current_app, request
from sqlalchemy import LargeBinary, Text, column, delete, insert, select, table, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from mcrm import clock, keys
from mcrm.api.bodies import raw_body
from mcrm.api.identity import current_actor
from mcrm.api.problems import FieldError, InvalidInput
from mcrm.api.state import root
from mcrm.db import Id, UtcDateTime, reading
from mcrm.errors import Conflict
from mcrm.holding import holding
from mcrm.ids import new_id
from mcrm.transaction import again

HEADER = "Idempotency-Key"
WELL_FORMED = re.compile(r"[\x21-\x7e]{1,255}")
KEPT_HEADERS = ("Content-Type", "ETag", "Location")
LOCK_TIMEOUT = "55P03"
KEPT_ANSWER = "kept answer"

KEYS = table(
    "idempotency_keys",
    column("id", Id()),
    column("created_at", UtcDateTime()),
    *(column(name, Text()) for name in ("actor", "method", "path", "key", "fingerprint", "headers")),
    column("status"),
    column("body", LargeBinary()),
)


class StillRunning(Conflict):
    """The first request with this Idempotency-Key is still running; ask again."""

    code = "idempotency.still-running"


class KeyTaken(Exception):
    """A twin has committed its claim on the key."""


def replaying(view: Callable[..., Any]) -> Callable[..., Any]:
    """A view that honours the Idempotency-Key of POST and PATCH; without the header it is the view itself."""

    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Any:
        access = root().access.get((str(request.endpoint), request.method))
        if HEADER not in request.headers or access is None or not access.replays:
            return view(*args, **kwargs)
        return _once(Claim(), lambda: current_app.make_response(view(*args, **kwargs)))

    return answer


def _once(claim: "Claim", run: Callable[[], Response]) -> Response:
    if (kept := claim.answer()) is not None:
        return kept

    def hold() -> Response:
        with holding(claim.take) as held:
            response = run()
            if held.session is not None:
                claim.keep(held.session, response)
        return response

    try:
        return again(hold)
    except KeyTaken:
        if (kept := claim.answer()) is None:
            raise StillRunning from None
        return kept


class Claim:
    """One key of one actor for one operation, with the fingerprint of what was asked."""

    def __init__(self) -> None:
        """Of the current request; raises InvalidInput for a key that is not 1 to 255 visible ASCII characters."""
        key = request.headers[HEADER]
        if not WELL_FORMED.fullmatch(key):
            raise InvalidInput([FieldError(HEADER, "pattern", "Must be 1 to 255 visible ASCII characters.")])
        self.scope = {"actor": current_actor.label, "method": request.method, "path": request.path, "key": key}
        asked = b"fingerprint\0" + request.query_string + b"\0" + raw_body()
        self.fingerprint = hmac.new(root().cursor_key, asked, hashlib.sha256).hexdigest()  # a body may hold a password

    def answer(self) -> Response | None:
        """The answer that is kept; raises InvalidInput if the key was used for something else."""
        with reading() as session:
            row = session.execute(select(KEYS).filter_by(**self.scope)).one_or_none()
        if row is None:
            return None
        body = keys.unsealed(KEPT_ANSWER, row.body)
        if row.fingerprint != self.fingerprint or body is None:
            reused = FieldError(HEADER, "reused", "This key was used for another request.")
            raise InvalidInput([reused], code="idempotency.key-reused")
        response = Response(body, status=row.status, headers=orjson.loads(row.headers))
        response.headers["Idempotency-Replayed"] = "true"
        return response

    def take(self, session: Session) -> None:
        """The first act of the transaction: the unique key makes a twin wait here; KeyTaken if it came first."""
        claimed = {"id": new_id(), "created_at": clock.now(), "fingerprint": self.fingerprint}
        unanswered = {"status": 0, "headers": "{}", "body": b""}
        try:
            session.execute(insert(KEYS).values(**self.scope, **claimed, **unanswered))
        except IntegrityError:
            raise KeyTaken from None
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == LOCK_TIMEOUT:
                raise StillRunning from None
            raise

    def keep(self, session: Session, response: Response) -> None:
        """The last act of the transaction: store a success, give the key back otherwise."""
        if not 200 <= response.status_code < 300:
            session.execute(delete(KEYS).filter_by(**self.scope))
            return
        headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        answered = {"status": response.status_code, "headers": orjson.dumps(headers).decode()}
        body = keys.sealed(KEPT_ANSWER, response.get_data())  # some answers hold a secret that is shown once
        session.execute(update(KEYS).filter_by(**self.scope).values(**answered, body=body))


def forget(session: Session, *, before: datetime) -> int:
    """Delete the keys claimed before that instant; how many went."""
    result = session.execute(delete(KEYS).where(KEYS.c.created_at < before))
    return int(getattr(result, "rowcount", 0))

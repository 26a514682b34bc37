"""Before every request: is the operation known, who calls, may they, and is the query one that it declares."""

from urllib.parse import unquote_to_bytes

from flask import request

from mcrm.actors import Role
from mcrm.api.identity import recognise
from mcrm.api.problems import FieldError, InvalidInput
from mcrm.api.state import Access, Root, root
from mcrm.errors import NotAllowed, NotSignedIn


class RoleMissing(NotAllowed):
    """Your role may not call this."""

    code = "auth.role-missing"


class ScopeMissing(NotAllowed):
    """This key does not permit that."""

    code = "auth.scope-missing"


def admit() -> None:
    """Let the request in or raise; runs before anything of the request is parsed, so that 403 comes before 422."""
    if request.url_rule is None or request.method == "OPTIONS":
        return  # an unknown path or method is answered by the router
    state = root()
    access = state.access.get((str(request.endpoint), _method()))
    if access is None:
        if request.endpoint in state.open_endpoints:
            return
        raise RoleMissing  # nobody declared it: closed
    if access.body_limit is not None:
        request.max_content_length = access.body_limit
    _admit_caller(state, access)
    _check_query(access)


def _method() -> str:
    return "GET" if request.method == "HEAD" else request.method


def _admit_caller(state: Root, access: Access) -> None:
    address = request.remote_addr or "unknown"
    if access.public:
        state.by_address.spend(address)
        return
    try:
        actor = recognise()
    except NotSignedIn:
        state.by_address.spend(address)  # guessing tokens is not free
        raise
    state.by_actor.spend(f"{actor.label}:{actor.session_id}")
    if actor.role not in access.roles:
        raise RoleMissing
    if actor.role is Role.INTEGRATION and access.scope not in actor.permits:
        raise ScopeMissing


def _check_query(access: Access) -> None:
    raw = request.query_string
    if not raw:
        return
    try:
        unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidInput([FieldError("", "encoding", "The query is not valid UTF-8.")]) from None
    if not access.takes_query:
        raise InvalidInput([FieldError(name, "unknown", "Unknown parameter.") for name in request.args])

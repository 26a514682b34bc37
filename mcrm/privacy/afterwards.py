"""What columns hold after an erasure where that follows from others; and which rows are left alone for a while."""

from typing import Any

from sqlalchemy import ColumnElement, Table, case, false, func, literal, select

from mcrm import clock
from mcrm.accounts.models import AccountKind
from mcrm.bulk.models import ImportState
from mcrm.bulkchanges.models import ChangeState
from mcrm.db import Base
from mcrm.inbox.models import HandoverState
from mcrm.leads.models import OPEN_STATES


def ended(table: Table) -> ColumnElement[bool]:
    """A change under way without its filter would change everybody."""
    return table.c.state.in_([ChangeState.FINISHED.value, ChangeState.CANCELLED.value])


def of_imports_at_rest(table: Table) -> ColumnElement[bool]:
    """Whoever is in the middle of a file goes on reading it; it is forgotten at the end."""
    imports = Base.metadata.tables["imports"]
    under_way = [ImportState.RUNNING.value, ImportState.UNDOING.value]
    return table.c.import_id.not_in(
        imports.select().with_only_columns(imports.c.id).where(imports.c.state.in_(under_way))
    )


def closed_now(column: str) -> Any:
    """A time that is set now unless it was set."""
    return lambda table: func.coalesce(table.c[column], literal(clock.now(), type_=table.c[column].type))


def given_back(table: Table) -> ColumnElement[Any]:
    """Nobody waits for a person any more where nobody is left to wait."""
    going_on = table.c.state.in_([HandoverState.WAITING.value, HandoverState.TAKEN.value])
    return case((going_on, literal(HandoverState.RETURNED.value)), else_=table.c.state)


def unless_of_company(column: str) -> Any:
    """What a private person wrote is theirs; a company's own reference stays the company's."""

    def kept(table: Table) -> ColumnElement[Any]:
        accounts = Base.metadata.tables["accounts"]
        companies = select(accounts.c.id).where(accounts.c.kind == AccountKind.COMPANY.value)
        of_company = table.c.account_id.in_(companies)
        is_credit = table.c.kind == "credit" if "kind" in table.c else false()  # it names the order that it credits
        return case((of_company | is_credit, table.c[column]), else_=None)

    return kept


def lost(column: str, value: str) -> Any:
    """A lead that was still open is lost with whom it was about."""
    is_open = [state.value for state in OPEN_STATES]
    return lambda table: case((table.c.status.in_(is_open), literal(value)), else_=table.c[column])

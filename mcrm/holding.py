"""A transaction kept open beyond the block that opened it, for a door that adds to it what the use case returned.

The answer kept for an idempotency key must commit with the effect, but is known only when the rows that the use case
returned have been serialised, which is after the block of `transaction()`. Within `holding()` that block lends the
session and leaves the commit to the end of `holding()`; resources are written the same either way.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from sqlalchemy.orm import Session


class Held:
    """What one `holding()` keeps: nothing until a transaction opens, then its session."""

    def __init__(self, opened: Callable[[Session], None]) -> None:
        """`opened` is called with the session as the transaction's first act; what it raises rolls back."""
        self.session: Session | None = None
        self._opened = opened
        self._stack = ExitStack()
        self._lent = False

    @contextmanager
    def lend(self, transaction: AbstractContextManager[Session]) -> Iterator[Session]:
        """The kept session, opened by entering `transaction` at first; an error in the block rolls back at once."""
        if self._lent:
            raise RuntimeError("a transaction is open: pass its session on")
        self._lent = True
        try:
            if self.session is None:
                self.session = self._stack.enter_context(transaction)
                self._opened(self.session)
            yield self.session
        except BaseException as error:
            self.end(error)
            raise
        finally:
            self._lent = False

    def end(self, error: BaseException | None) -> None:
        """Commit, or roll back because of `error`; does nothing while nothing is open."""
        self.session = None
        stack = self._stack.pop_all()
        if error is None:
            stack.close()
        else:
            stack.__exit__(type(error), error, error.__traceback__)


_here = threading.local()


def held() -> Held | None:
    """What the calling thread holds."""
    found: Held | None = getattr(_here, "held", None)
    return found


@contextmanager
def holding(opened: Callable[[Session], None]) -> Iterator[Held]:
    """Let the transaction opened within this block commit at its end; an error that leaves the block rolls back."""
    mine = Held(opened)
    _here.held = mine
    try:
        yield mine
    except BaseException as error:
        mine.end(error)
        raise
    else:
        mine.end(None)
    finally:
        _here.held = None

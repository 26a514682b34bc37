"""A look at the database before serving, in a process of its own: the server's parent need not hold the whole house."""

import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any


def elsewhere(work: Callable[[Any], str | None], argument: Any) -> str | None:
    """What `work` says is wrong, or one sentence about a database out of reach; None when all is well.

    Forked, which is sound while this process has one thread; the child ends with its work, whatever becomes of us.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_answer_through, args=(theirs, work, argument), daemon=True)
    child.start()
    theirs.close()
    try:
        words: str | None = ours.recv()
    except EOFError:  # it died without a word; what it printed stands above
        child.join()
        words = f"the look at the database ended with code {child.exitcode}"
    child.join()
    return words


def _answer_through(pipe: "Connection[Any, Any]", work: Callable[[Any], str | None], argument: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    from sqlalchemy.exc import OperationalError  # here, where it does not stay

    from mcrm.db import why_not

    try:
        pipe.send(work(argument))
    except OperationalError as error:
        pipe.send(why_not(error))

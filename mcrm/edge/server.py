"""`mcrm serve`: granian in ASGI mode in front of the edge, with the guards it needs."""

import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

from mcrm.config import Settings
from mcrm.edge.app import Edge

SPARE_CONNECTIONS = 4096  # beyond the live streams, silent sockets included: at granian's bound nobody is served
HEADER_MS = 20_000  # to send a whole head, and between two requests
KILL_S = 20  # a worker that has not stopped by then (a slow reader holds it) is killed
WATCH_S = 1.0


class CannotListen(Exception):
    """The address cannot be had; the text says which and why in one sentence."""


def serve(
    make_edge: Callable[[], Edge], settings: Settings, *, host: str, port: int, workers: int | None = None
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in flight and return; SystemExit(1) when workers keep dying.

    `make_edge` is called in each worker, after the fork; `workers` is `settings.web_workers` unless given. Raises
    CannotListen.
    """
    _probe(host, port)
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    server = Server(
        "mcrm.edge",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=workers or settings.web_workers,
        backlog=2048,
        backpressure=settings.limits.live_streams + SPARE_CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MS),
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_S,
        log_level=LogLevels.warning,
    )
    server.serve(target_loader=_InWorker(make_edge, os.getpid()), wrap_loader=False)


class _InWorker:
    """Loads the edge in a worker and ties the worker's life to its parent's."""

    def __init__(self, make_edge: Callable[[], Edge], parent: int) -> None:
        self.make_edge = make_edge
        self.parent = parent

    def __call__(self) -> Edge:
        # Ctrl-C in a terminal goes to the whole process group: out of it, so that the parent alone stops the workers.
        os.setpgrp()
        # The parent's handler came along: until granian sets its own here, it would swallow the word to stop.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        threading.Thread(target=_stop_without, args=(self.parent,), name="parent-watch", daemon=True).start()
        return self.make_edge()


def _stop_without(parent: int) -> None:
    """Stop this process when `parent` has died: an orphan would share the port with the next server."""
    while os.getppid() == parent:
        time.sleep(WATCH_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(KILL_S)
    os._exit(1)


def _probe(host: str, port: int) -> None:
    """Bind once without SO_REUSEPORT: granian would share a taken port silently with whoever has it."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise CannotListen(f"cannot listen on {host}:{port}: {error.strerror}") from error

"""Run the sandbox until a signal ends it."""

import asyncio
import signal
from collections.abc import Mapping

from aiohttp import web

from sandbox.app import make_app
from sandbox.settings import BadSandboxSetting, SandboxSettings, is_loopback


def run(host: str, port: int | None, environ: Mapping[str, str]) -> None:
    """Serve on `host` (loopback only) and `port` (None: MCRM_SANDBOX_PORT); raises SystemExit with one sentence."""
    if not is_loopback(host):
        raise SystemExit(f"The carrier sandbox refuses {host}: it pretends to be the carriers on this machine only.")
    try:
        settings = SandboxSettings.from_environment(environ)
        app = make_app(settings)
    except BadSandboxSetting as bad:
        raise SystemExit(f"The carrier sandbox cannot start: {bad}") from None
    except (OSError, KeyError, ValueError) as error:
        raise SystemExit(f"The carrier sandbox cannot start: {type(error).__name__}: {error}") from None
    asyncio.run(_serve(app, host, settings.port if port is None else port))


async def _serve(app: web.Application, host: str, port: int) -> None:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    try:
        await _set_up(runner)
        try:
            await web.TCPSite(runner, host, port, backlog=1024).start()
        except OSError as error:
            raise SystemExit(f"The carrier sandbox cannot listen on {host}:{port}: {error.strerror}.") from None
        print(f"Carrier sandbox on http://{host}:{runner.addresses[0][1]}", flush=True)
        await _ended()
    finally:
        await runner.cleanup()


async def _set_up(runner: web.AppRunner) -> None:
    try:
        await runner.setup()
    except OSError as error:
        raise SystemExit(f"The carrier sandbox cannot take mail at MCRM_SANDBOX_SMTP_PORT: {error.strerror}.") from None


async def _ended() -> None:
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()

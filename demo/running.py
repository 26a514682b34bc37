"""`mcrm demo`: a fresh database with a small business, three processes kept alive, and the log as it grows."""

import json
import os
import signal
import threading
import time
from collections.abc import Mapping

import httpx
from rich.console import Console
from rich.panel import Panel
from sqlalchemy import Engine, inspect
from sqlalchemy.exc import DBAPIError

from demo import tailing
from demo.processes import Keeper, Kept, command
from demo.scene import CannotStart, Scene, claim, folder_of, require_free, shown
from demo.seed import Seeded, seed
from mcrm import clock, db, keys
from mcrm.config import BadSetting, Settings
from mcrm.db import Database
from migrations import running

READY_S = 60.0
PROCESSES = ("sandbox", "web", "worker")


def run(environment: Mapping[str, str]) -> int:
    """Run the demo until Ctrl-C; the exit code. Raises CannotStart with one sentence."""
    console = Console(highlight=False)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    scene = Scene.of(environment, folder_of(environment))
    for name, port in scene.ports.items():
        require_free(port, name)
    began = time.monotonic()
    settings_of_all = _prepare(scene)
    database, settings = _open(scene, settings_of_all)
    console.print("Setting up Harbour & Pine …", style="dim")
    seeded = seed(settings)
    keeper = _keeper(scene, {**os.environ, **settings_of_all}, seeded)
    try:
        keeper.start()
        _describe(scene, seeded, keeper)
        _wait_until_ready(scene, keeper, stopping)
        if not stopping.is_set():
            console.print(_welcome(scene, seeded, time.monotonic() - began))
        _watch(console, keeper, stopping)
    finally:
        console.print("Stopping …", style="dim")
        keeper.stop()
        database.close()
        scene.description.unlink(missing_ok=True)
    return 0


def _prepare(scene: Scene) -> dict[str, str]:
    try:
        scene.folder.mkdir(parents=True, exist_ok=True)
        claim(scene.folder)
        if scene.database_url.startswith(f"sqlite:///{scene.folder}"):
            for stale in scene.folder.glob("demo.db*"):
                stale.unlink()
        for name in (*(f"{process}.log" for process in PROCESSES), "accepted.jsonl"):
            (scene.folder / name).unlink(missing_ok=True)
        settings = scene.settings()
        scene.write_env(settings)
    except OSError as error:
        raise CannotStart(f"{error.filename or scene.folder} cannot be written ({error.strerror}).") from None
    return settings


def _open(scene: Scene, environment: Mapping[str, str]) -> tuple[Database, Settings]:
    """The migrated, empty database; raises CannotStart for one that is not empty or cannot be reached."""
    try:
        settings = Settings.from_environment(environment)
    except BadSetting as error:
        raise CannotStart(f"{error}.") from None
    keys.use(settings.secret_key)
    clock.use_zone(settings.timezone)
    database = db.connect(settings.database_url, synchronous="NORMAL")
    assert isinstance(database.bind, Engine)
    try:
        with database.bind.connect() as connection:
            if inspect(connection).get_table_names():
                raise CannotStart("MCRM_DATABASE_URL names a database that is not empty; give the demo an empty one.")
        running.upgrade(database.bind)
    except CannotStart:
        database.close()
        raise
    except DBAPIError as error:
        database.close()
        raise CannotStart(f"{db.why_not(error)}.") from None
    db.use(database)
    return database, settings


def _keeper(scene: Scene, environment: Mapping[str, str], seeded: Seeded) -> Keeper:
    commands = {
        "sandbox": command("sandbox", "--port", str(scene.sandbox_port)),
        "web": command("serve", "--port", str(scene.port)),
        "worker": command("worker"),
    }
    kept = [Kept(name, commands[name], environment, scene.log_of(name)) for name in PROCESSES]
    keeper = Keeper(kept, lambda: _describe(scene, seeded, keeper))
    return keeper


def _describe(scene: Scene, seeded: Seeded, keeper: Keeper) -> None:
    """var/demo.json for scripts, var/people.json for the page of phones."""
    people = [
        {name: person[name] for name in ("name", "phone", "telegram_user_id", "push_token", "email")}
        for person in seeded.customers
    ]
    scene.people.touch(mode=0o600)  # it holds passwords
    scene.people.write_text(json.dumps({"people": people, **seeded.signs_in_by_click}, indent=2) + "\n")
    scene.describe(
        {
            "base_url": scene.base_url,
            "sandbox_url": scene.sandbox_url,
            "database_url": scene.database_url,
            "env_file": str(scene.env_file),
            "pids": keeper.pids,
            "accounts": seeded.accounts,
            "customers": seeded.customers,
        }
    )


def _wait_until_ready(scene: Scene, keeper: Keeper, stopping: threading.Event) -> None:
    deadline = time.monotonic() + READY_S
    while not stopping.is_set():
        keeper.tend()
        if _answers(f"{scene.base_url}/readyz") and _webhook_is_set(scene):
            return
        if time.monotonic() > deadline or any(process.deaths > 3 for process in keeper.kept):
            logs = ", ".join(str(scene.log_of(name)) for name in PROCESSES)
            raise CannotStart(f"The processes did not become ready; their logs: {logs}.")
        stopping.wait(0.1)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _webhook_is_set(scene: Scene) -> bool:
    """Whether the worker runs: it tells Telegram where our webhook is."""
    token = _setting(scene, "TELEGRAM_BOT_TOKEN")
    try:
        told = httpx.get(f"{scene.sandbox_url}/bot{token}/getWebhookInfo", timeout=2).json()
    except (httpx.HTTPError, ValueError):
        return False
    return bool(told.get("result", {}).get("url"))


def _setting(scene: Scene, name: str) -> str:
    prefix = f"export {name}="
    lines = scene.env_file.read_text().splitlines()
    return next(line.removeprefix(prefix).strip("'") for line in lines if line.startswith(prefix))


def _welcome(scene: Scene, seeded: Seeded, seconds: float) -> Panel:
    ben = seeded.customers[0]
    shipped = next(order["number"] for order in ben["orders"] if order["status"] == "shipped")
    admin = seeded.accounts[0]
    words = (
        f"[bold]Phones[/]   {scene.sandbox_url}   text as {ben['name']}: [cyan]where is {shipped}[/]\n"
        f"[bold]Mail[/]     on the same phones; the server takes it at 127.0.0.1:{scene.smtp_port}\n"
        f"[bold]Agents[/]   {scene.base_url}/agent/   the customers' app: {scene.base_url}/app/\n"
        f"[bold]API[/]      {scene.base_url}/docs\n"
        f"[bold]Sign in[/]  {admin['email']}  {admin['password']}\n"
        f"[bold]Tour[/]     .venv/bin/mcrm tour   (in another terminal)\n"
        f"[bold]Scripts[/]  {shown(scene.description)}   {shown(scene.env_file)}\n\n"
        "[dim]Every interaction is one line below, a batch of an import one together. Ctrl-C ends it all.[/]"
    )
    return Panel(words, title=f"Harbour & Pine is open, {seconds:.1f} s after the start", border_style="green")


def _watch(console: Console, keeper: Keeper, stopping: threading.Event) -> None:
    known = dict.fromkeys((process.name for process in keeper.kept), 0)
    for fact in tailing.calm(tailing.follow(pause=stopping.wait)):
        if fact is not None:
            tailing.show(console, fact)
        keeper.tend()
        for process in keeper.kept:
            if process.deaths != known[process.name]:
                known[process.name] = process.deaths
                console.print(f"        {process.name} died and is started again", style="bold red")
        if stopping.is_set():
            return

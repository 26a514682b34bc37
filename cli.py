"""The `mcrm` command: thin; every command is somewhere else, imported when it is called, so that --help is quick."""

import gc
import importlib
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click

from bots.training import commands as training
from demo import sheets

USED_WRONGLY = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mcrm", message="%(version)s")
def mcrm() -> None:
    """mCRM: field sales, customers, push, SMS and Telegram in one shared log."""


def main() -> None:
    """Run the command line; what goes wrong is one sentence on stderr: exit code 2 for settings, else 1."""
    from mcrm.config import BadSetting

    try:
        mcrm()
    except BadSetting as error:
        stop(f"mcrm: {error}{_demo_hint(error.name)}", USED_WRONGLY)
    except Exception as error:
        if (words := _database_trouble(error)) is None:
            raise
        stop(f"mcrm: {words}")
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(1)


def stop(words: str, code: int = 1) -> NoReturn:
    """Say why on stderr and end."""
    click.echo(words, err=True)
    sys.exit(code)


def _demo_hint(missing: str) -> str:
    """Where the settings of a running demo are, for somebody who has one and no settings of their own."""
    from demo.scene import folder_of, shown

    file = folder_of(os.environ) / "demo.env"
    if missing in os.environ or not file.is_file():
        return ""
    return f"\nFor those of the demo: set -a; . {shown(file)}; set +a"


def _database_trouble(error: Exception) -> str | None:
    """One sentence for a database that cannot be reached or written; None for every other error."""
    from sqlalchemy.exc import OperationalError

    from mcrm.db import why_not

    return why_not(error) if isinstance(error, OperationalError) else None


def settings() -> Any:
    """The settings of the environment; read before anything heavy is imported, so that a no comes at once."""
    from mcrm.config import Settings

    return Settings.from_environment(os.environ)


def with_database(work: Callable[[Any], None]) -> None:
    """Run `work(settings)` with the database in use; raises click's own error when it is not migrated."""
    made = settings()

    from mcrm.opening import open_database
    from migrations.standing import NotMigrated, require_migrated

    database = open_database(made)
    try:
        require_migrated(database)
        work(made)
    except NotMigrated as error:
        stop(f"mcrm: {error}")
    finally:
        database.close()


@mcrm.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, show_envvar=True, envvar="MCRM_PORT", type=click.IntRange(1, 65535)
)
def serve(host: str, port: int) -> None:
    """Serve the API, the webhooks and the live streams."""
    from mcrm.edge.before import elsewhere
    from mcrm.edge.server import CannotListen
    from mcrm.edge.server import serve as serve_edge

    _end_at_once_while_starting()
    made = settings()
    if trouble := elsewhere(_trouble, made):
        stop(f"mcrm: {trouble}")
    try:
        serve_edge(partial(_edge, made), made, host=host, port=port)
    except CannotListen as error:
        stop(f"mcrm: {error}")


def _end_at_once_while_starting() -> None:
    """Until there is something to finish, SIGTERM ends the process well; whoever serves or works then takes over.

    It ends here and now: an exception would be lost where Python ignores them, as in what runs at a module's import.
    """
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))


def _trouble(made: Any) -> str | None:
    """Why the web process must not start, None when it may."""
    from mcrm import logs
    from mcrm.opening import open_database, say_what_is_off
    from migrations.standing import NotMigrated, require_migrated

    database = open_database(made, pool_size=1)
    try:
        require_migrated(database)
    except NotMigrated as error:
        return str(error)
    finally:
        database.close()
    logs.configure(made.log_format, process="web")
    say_what_is_off(made)
    return None


def _edge(made: Any) -> Any:
    return _imported("assembly").edge(made)


def _imported(name: str) -> Any:
    """A module that knows many parts, imported without a search for garbage, a quarter of what it takes.

    What has come by then stays as long as the process, so that later searches leave it out.
    """
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()


@mcrm.command()
def worker() -> None:
    """Deliver what is due, and turn the engines."""
    _end_at_once_while_starting()

    from migrations.standing import NotMigrated

    try:
        sys.exit(_imported("working").work(settings()))
    except NotMigrated as error:
        stop(f"mcrm: {error}")


@mcrm.command()
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def migrate(as_json: bool) -> None:
    """Bring the database to this program's revision."""
    from sqlalchemy import Engine

    from mcrm.opening import open_database
    from migrations.running import upgrade

    database = open_database(settings(), pool_size=1)
    assert isinstance(database.bind, Engine)
    try:
        revision = upgrade(database.bind)
    finally:
        database.close()
    click.echo(json.dumps({"revision": revision}) if as_json else f"The database is at revision {revision}.")


@mcrm.command()
@click.option(
    "--port",
    default=8001,
    show_default=True,
    show_envvar=True,
    envvar="MCRM_SANDBOX_PORT",
    type=click.IntRange(1, 65535),
)
def sandbox(port: int) -> None:
    """Run the carriers in a box: Twilio, Telegram and FCM on this machine."""
    from sandbox.run import run

    run("127.0.0.1", port, os.environ)


@mcrm.command()
def demo() -> None:
    """Start the whole product with a small business in it, on a fresh database."""
    from demo.running import run
    from demo.scene import CannotStart

    try:
        sys.exit(run(os.environ))
    except CannotStart as error:
        stop(f"mcrm demo: {error}")


@mcrm.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a step.")
def tour(as_json: bool) -> None:
    """Play the story of the README against the running demo."""
    from demo.scene import CannotStart, folder_of
    from demo.tour import play

    try:
        sys.exit(0 if play(folder_of(os.environ) / "demo.json", as_json=as_json) else 1)
    except CannotStart as error:
        stop(f"mcrm tour: {error}")


@mcrm.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--after", type=int, help="Begin after this position instead of now; 0 shows everything.")
def tail(as_json: bool, after: int | None) -> None:
    """Show the log as it grows."""
    from rich.console import Console

    from demo import tailing

    console = Console(highlight=False)

    def follow(_: Any) -> None:
        facts = tailing.follow(after=after)
        if as_json:
            for each in facts:
                if each is not None:
                    click.echo(tailing.as_json(each))
        for fact in tailing.calm(facts):
            if fact is not None:
                tailing.show(console, fact)

    with_database(follow)


@mcrm.group("import")
def import_() -> None:
    """Bring data in."""


@import_.command("orders")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--currency", show_default="MCRM_CURRENCY", help="ISO 4217 code of the file's prices.")
@click.option("--timezone", show_default="MCRM_TIMEZONE", help="IANA zone of the file's times.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def import_orders(file: Path, currency: str | None, timezone: str | None, as_json: bool) -> None:
    """Import past orders from FILE (CSV, one row an order line). Running it again changes nothing."""
    from demo.importing import run

    def work(made: Any) -> None:
        run(file, currency=currency or made.currency, timezone=timezone or made.timezone.key, as_json=as_json)

    with_database(work)


@mcrm.group("export")
def export() -> None:
    """Take data out."""


sheets.add_to(import_, export, with_database)


@mcrm.group()
def bots() -> None:
    """The bots."""


@bots.command("chat")
@click.option("--channel", type=click.Choice(["sms", "telegram", "app"]), default="sms", show_default=True)
@click.option(
    "--address",
    default="+447700900201",
    show_default=True,
    help="Who writes: a number, a chat id, or the number of whom is signed in to the app.",
)
def bots_chat(channel: str, address: str) -> None:
    """Talk with the bot in this terminal, as a customer would; where a worker runs, the replies also go out."""
    from bots.chat_terminal import chat

    with_database(lambda made: chat(made, channel, address))


training.add_to(bots, with_database)


@mcrm.group()
def users() -> None:
    """Who works here."""


def _email(_: Any, __: Any, value: str) -> str:
    from mcrm.api.formats import EMAIL

    if not re.fullmatch(EMAIL, value.strip()):
        raise click.BadParameter(f"{value!r} is not an e-mail address.")
    return value.strip()


@users.command("create")
@click.option("--email", prompt=True, callback=_email)
@click.option("--name", prompt=True)
@click.option("--role", type=click.Choice(["admin", "manager", "rep", "agent"]), default="admin", show_default=True)
@click.password_option(help="At least 10 characters; asked for when not given.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def users_create(email: str, name: str, role: str, password: str, as_json: bool) -> None:
    """Create a user: the first admin of an installation begins here."""
    from mcrm.access import passwords
    from mcrm.access import users as service
    from mcrm.actors import SYSTEM
    from mcrm.errors import DomainError
    from mcrm.transaction import transaction

    def create(_: Any) -> None:
        try:
            hashed = passwords.hashed(password)
            with transaction() as session:
                user = service.create(session, SYSTEM, email=email, name=name, role=role, password_hash=hashed)
        except DomainError as error:
            stop(f"mcrm: {error.detail}")
        shown = {"id": str(user.id), "email": user.email, "name": user.name, "role": user.role}
        click.echo(json.dumps(shown) if as_json else f"{user.email} can log in as {user.role}.")

    with_database(create)


@mcrm.command()
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def doctor(as_json: bool) -> None:
    """Contact everything that is configured; say what is wrong and what to do about it."""
    from demo.doctor import examine

    found = examine(os.environ)
    if as_json:
        click.echo(json.dumps([one.as_json() for one in found]))
    else:
        for one in found:
            click.echo(f"{'ok ' if one.is_well else '-- '} {one.part}: {one.words}")
    sys.exit(0 if all(one.is_well for one in found) else 1)


if __name__ == "__main__":
    main()

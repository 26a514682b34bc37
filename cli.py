"""The `mcrm` command: thin; every command is somewhere else, imported when it is called, so that --help is quick."""

import json
import multiprocessing
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click

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
        stop(f"mcrm: {error}", USED_WRONGLY)
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(1)


def stop(words: str, code: int = 1) -> NoReturn:
    """Say why on stderr and end."""
    click.echo(words, err=True)
    sys.exit(code)


def settings() -> Any:
    """The settings of the environment."""
    import assembly

    return assembly.settings_from_environment()


def with_database(work: Callable[[Any], None]) -> None:
    """Run `work(settings)` with the database in use; raises click's own error when it is not migrated."""
    import assembly

    made = settings()
    database = assembly.open_database(made)
    try:
        assembly.require_migrated(database)
        work(made)
    except assembly.NotMigrated as error:
        stop(f"mcrm: {error}")
    finally:
        database.close()


@mcrm.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, envvar="MCRM_PORT", type=click.IntRange(1, 65535))
def serve(host: str, port: int) -> None:
    """Serve the API, the webhooks and the live streams."""
    from mcrm.config import Settings
    from mcrm.edge.server import CannotListen
    from mcrm.edge.server import serve as serve_edge

    made = Settings.from_environment(os.environ)
    if trouble := elsewhere(_trouble, made):
        stop(f"mcrm: {trouble}")
    try:
        serve_edge(partial(_edge, made), made, host=host, port=port)
    except CannotListen as error:
        stop(f"mcrm: {error}")


def elsewhere(work: Callable[[Any], Any], argument: Any) -> Any:
    """Run `work` in a process of its own: the server's parent only watches, and need not hold the whole house."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, argument).result()


def _trouble(made: Any) -> str | None:
    import assembly

    return assembly.trouble_before_serving(made)


def _edge(made: Any) -> Any:
    import assembly

    return assembly.edge(made)


@mcrm.command()
def worker() -> None:
    """Deliver what is due, and turn the engines."""
    import assembly

    try:
        sys.exit(assembly.work(settings()))
    except assembly.NotMigrated as error:
        stop(f"mcrm: {error}")


@mcrm.command()
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def migrate(as_json: bool) -> None:
    """Bring the database to this program's revision."""
    import assembly

    revision = assembly.migrate(settings())
    click.echo(json.dumps({"revision": revision}) if as_json else f"The database is at revision {revision}.")


@mcrm.command()
@click.option("--port", default=8001, show_default=True, envvar="MCRM_SANDBOX_PORT", type=click.IntRange(1, 65535))
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
        for fact in tailing.follow(after=after):
            if fact is not None:
                click.echo(tailing.as_json(fact)) if as_json else tailing.show(console, fact)

    with_database(follow)


@mcrm.group("import")
def import_() -> None:
    """Bring data in."""


@import_.command("orders")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--currency", default="GBP", show_default=True, help="ISO 4217 code of the file's prices.")
@click.option("--timezone", default="Europe/London", show_default=True, help="IANA zone of the file's times.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def import_orders(file: Path, currency: str, timezone: str, as_json: bool) -> None:
    """Import past orders from FILE (CSV, one row an order line). Running it again changes nothing."""
    from demo.importing import run

    with_database(lambda _: run(file, currency=currency, timezone=timezone, as_json=as_json))


@mcrm.group()
def bots() -> None:
    """The bots."""


@bots.command("chat")
@click.option("--channel", type=click.Choice(["sms", "telegram"]), default="sms", show_default=True)
@click.option("--address", default="+447700900201", show_default=True, help="Who writes: a number or a chat id.")
def bots_chat(channel: str, address: str) -> None:
    """Talk with the bot in this terminal, as a customer would."""
    from bots.chat_terminal import chat

    with_database(lambda made: chat(made, channel, address))


@mcrm.group()
def users() -> None:
    """Who works here."""


@users.command("create")
@click.option("--email", prompt=True)
@click.option("--name", prompt=True)
@click.option("--role", type=click.Choice(["admin", "manager", "rep", "agent"]), default="admin", show_default=True)
@click.password_option(help="At least 10 characters; asked for when not given.")
def users_create(email: str, name: str, role: str, password: str) -> None:
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
        click.echo(f"{user.email} can log in as {user.role}.")

    with_database(create)


@mcrm.command()
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def doctor(as_json: bool) -> None:
    """Check settings, database, disk and providers; say what to do about what is wrong."""
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

"""`mcrm import orders`: the import with a progress bar, and its result in words or JSON."""

import json
from pathlib import Path

import click

from mcrm.orders.importing import import_orders, total_lines
from mcrm.orders.rows import FileRefused


def run(file: Path, *, currency: str, timezone: str, as_json: bool) -> None:
    """Import the file; a ClickException with one sentence where it cannot be used."""
    try:
        with click.progressbar(length=total_lines(file), label="Order lines", hidden=as_json) as bar:
            result = import_orders(file, currency=currency, timezone=timezone, progress=lambda _, new: bar.update(new))
    except FileRefused as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps(result))
        return
    click.echo("{lines} lines: {imported} imported, {skipped} skipped, {rejected} rejected".format(**result))
    for reason, count in result["reasons"].items():
        click.echo(f"  {reason}: {count}")
    click.echo(f"Every line's outcome is in {result['report']}")

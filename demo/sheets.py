"""`mcrm import contacts|products|prices|stock` and `mcrm export …`: files in and out at the command line."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import click

RESOURCES = ("contacts", "products", "prices", "stock")
WithDatabase = Callable[[Callable[[Any], None]], None]


def add_to(importing: click.Group, exporting: click.Group, with_database: WithDatabase) -> None:
    """Add a command a resource to both groups."""
    for resource in RESOURCES:
        importing.add_command(_import_command(resource, with_database))
    for resource in (*RESOURCES, "orders"):
        exporting.add_command(_export_command(resource, with_database))
    importing.add_command(_undo_command(with_database))


def _import_command(resource: str, with_database: WithDatabase) -> click.Command:
    @click.command(resource, help=f"Import {resource} from FILE (.csv or .xlsx). Running it again changes nothing.")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--mapping", help="JSON object, column to field; found by the headings when not given.")
    @click.option("--mode", type=click.Choice(["create", "update", "upsert"]), default="upsert", show_default=True)
    @click.option("--match", type=click.Choice(["any", "number", "phone", "email", "code", "product"]))
    @click.option("--decimal", type=click.Choice([".", ","]), help="The mark before decimals.")
    @click.option("--dry-run", is_flag=True, help="Change nothing, report the same.")
    @click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Where every row's outcome goes.")
    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
    def command(file: Path, report: Path | None, as_json: bool, **facts: Any) -> None:
        with_database(lambda made: bring(file, resource, made.default_region, report, as_json=as_json, **facts))

    return command


def _export_command(resource: str, with_database: WithDatabase) -> click.Command:
    @click.command(resource, help=f"Export {resource} into FILE (.csv or .xlsx).")
    @click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
    def command(file: Path, as_json: bool) -> None:
        with_database(lambda _: take(file, resource, as_json=as_json))

    return command


def _undo_command(with_database: WithDatabase) -> click.Command:
    @click.command("undo", help="Take an import back, as far as nobody built on it since.")
    @click.argument("import_id", type=click.UUID)
    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
    def command(import_id: UUID, as_json: bool) -> None:
        with_database(lambda _: undo(import_id, as_json=as_json))

    return command


def bring(
    file: Path,
    resource: str,
    region: str,
    report: Path | None,
    *,
    mapping: str | None,
    dry_run: bool,
    as_json: bool,
    **facts: Any,
) -> None:
    """Import the file, with a progress bar; a ClickException with one sentence where it cannot be used.

    A run of the same file that was killed goes on where it was.
    """
    from mcrm.bulk import exporting, reporting, service
    from mcrm.bulk.acting import COMMAND_LINE
    from mcrm.bulk.running import run_to_end
    from mcrm.bulk.sheets import look
    from mcrm.errors import DomainError
    from mcrm.transaction import transaction

    try:
        sheet = look(file, _format(file))
        with transaction() as session:
            job = service.unfinished(session, COMMAND_LINE, sheet, resource=resource, dry_run=dry_run)
            if job is None:
                job = service.upload(
                    session, COMMAND_LINE, sheet, resource=resource, file_name=file.name, region=region
                )
                service.start(session, COMMAND_LINE, job, dry_run=dry_run, mapping=_mapping(mapping), **facts)
        bar: Any
        with click.progressbar(length=job.rows, label=resource.title(), hidden=as_json) as bar:
            job = run_to_end(job.id, progress=bar.update)
    except DomainError as error:
        raise click.ClickException(error.detail) from None
    report = report or Path("var") / f"{file.stem}.{resource}.report.csv"
    report.parent.mkdir(parents=True, exist_ok=True)
    with report.open("wb") as out:
        exporting.write_csv(reporting.rows(job), out)
    _tell(job, report, as_json=as_json)
    if job.failure is not None:
        raise click.ClickException(job.failure)


def _tell(job: Any, report: Path, *, as_json: bool) -> None:
    told = {"id": str(job.id), "state": job.state, "dry_run": job.is_dry_run, "rows": job.done, **job.counts}
    if as_json:
        click.echo(json.dumps({**told, "failure": job.failure, "report": str(report)}))
        return
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(job.counts.items())) or "nothing to do"
    click.echo(f"{job.done} rows: {counts}{' (dry run: nothing is changed)' if job.is_dry_run else ''}")
    click.echo(f"Every row's outcome is in {report}.")
    if not job.is_dry_run:
        click.echo(f"To take it back: mcrm import undo {job.id}")


def _mapping(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    try:
        mapping = json.loads(text)
    except ValueError:
        mapping = None
    if not isinstance(mapping, dict) or not all(isinstance(name, str) for name in mapping.values()):
        raise click.BadParameter("must be a JSON object of column to field", param_hint="--mapping")
    return mapping


def _format(file: Path) -> str:
    suffix = file.suffix.lower().removeprefix(".")
    if suffix not in ("csv", "xlsx"):
        raise click.BadParameter("the file's name must end in .csv or .xlsx", param_hint="FILE")
    return suffix


def undo(import_id: UUID, *, as_json: bool) -> None:
    """Take an import back, as far as nobody built on it since."""
    from mcrm.bulk import service
    from mcrm.bulk.acting import COMMAND_LINE
    from mcrm.bulk.running import run_to_end
    from mcrm.errors import DomainError
    from mcrm.transaction import transaction

    try:
        with transaction() as session:
            service.undo(session, COMMAND_LINE, service.reachable(session, COMMAND_LINE, import_id))
        job = run_to_end(import_id)
    except DomainError as error:
        raise click.ClickException(error.detail) from None
    told = {"undone": job.counts.get("undone", 0), "kept": job.counts.get("kept", 0)}
    click.echo(json.dumps(told) if as_json else "{undone} rows taken back, {kept} kept".format(**told))


def take(file: Path, resource: str, *, as_json: bool) -> None:
    """Write the file beside its name first, so that a broken export never looks like a whole one."""
    from mcrm.bulk import exporting
    from mcrm.bulk.acting import COMMAND_LINE

    write = exporting.write_xlsx if _format(file) == "xlsx" else exporting.write_csv
    unfinished = file.with_name(file.name + ".part")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            count = write(exporting.rows(COMMAND_LINE, resource), out)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from None
    unfinished.replace(file)
    told = {"resource": resource, "rows": count, "file": str(file)}
    click.echo(json.dumps(told) if as_json else f"{count} {resource} rows are in {file}.")

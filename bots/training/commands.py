"""`mcrm bots train` and `mcrm bots evaluate`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Work = Callable[[Any], None]
FOLDER = click.Path(file_okay=False, path_type=Path)
MODELS: dict[str, Any] = {
    "envvar": "MCRM_BOT_MODELS",
    "default": "var/bots",
    "show_default": True,
    "show_envvar": True,
    "type": FOLDER,
}


def add_to(bots: click.Group, with_database: Callable[[Work], None]) -> None:
    """Put the commands into the group `mcrm bots`."""

    @bots.command("train")
    @click.option("--to", "folder", help="Where the artefacts go.", **MODELS)
    @click.option("--seeds-only", is_flag=True, help="Without the messages that were labelled; needs no database.")
    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
    def train(folder: Path, seeds_only: bool, as_json: bool) -> None:
        """Learn from the seed sentences and from labelled messages; the running bots take it up by themselves."""
        if seeds_only:
            _train({}, folder, as_json)
        else:
            with_database(lambda _: _train(_labelled(), folder, as_json))

    @bots.command("evaluate")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--predictions", type=click.Path(dir_okay=False, path_type=Path), help="Write one JSON line a row.")
    @click.option("--models", "folder", help="Artefacts that stand before the shipped ones.", **MODELS)
    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
    def evaluate(file: Path, predictions: Path | None, folder: Path, as_json: bool) -> None:
        """Measure how well the messages in FILE (JSON lines: text, intent, locale) are understood."""
        _evaluate(file, predictions, folder, as_json)


def _labelled() -> dict[str, list[tuple[str, str]]]:
    """The labelled messages by language."""
    from mcrm.db import reading
    from mcrm.learning.service import to_learn

    with reading() as session:
        return to_learn(session)


def _train(labelled: dict[str, list[tuple[str, str]]], folder: Path, as_json: bool) -> None:
    from bots.training import learning

    learning.on_one_core()
    made = [learning.train(language, labelled.get(language, []), folder) for language in learning.languages()]
    if as_json:
        click.echo(json.dumps({"models": [one.as_json() for one in made]}))
        return
    for one in made:
        click.echo(
            f"{one.language}: {one.intents} intents from {one.examples:,} sentences ({one.labelled} labelled) "
            f"in {one.seconds} s: {one.path}, {one.bytes // 1000} kB, {one.hash}"
        )


def _evaluate(file: Path, predictions: Path | None, folder: Path, as_json: bool) -> None:
    from bots.model import Models
    from bots.training import evaluating

    try:
        rows = list(evaluating.rows_of(file))
        figures, said = evaluating.evaluate(rows, Models(folder))
    except (evaluating.BadRow, UnicodeDecodeError) as error:
        click.echo(f"mcrm bots evaluate: {file}: {error}", err=True)
        sys.exit(1)
    if predictions is not None:
        lines = [json.dumps(one.as_json(), ensure_ascii=False) for one in said]
        predictions.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if as_json:
        click.echo(json.dumps(figures))
        return
    confusion = figures.pop("confusion")
    for name, value in figures.items():
        click.echo(f"{name:>28}  {value}")
    for true, other, count in confusion[:10]:
        click.echo(f"{count:>5} x {true} taken for {other}")
    worst = list(evaluating.recalls([row.intent for row in rows], said).items())[:5]
    click.echo("lowest recall: " + ", ".join(f"{intent} {share:.2f}" for intent, share in worst))

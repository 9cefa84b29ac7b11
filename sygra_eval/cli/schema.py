"""`sygra-eval schema`."""

import json
from pathlib import Path

import click

from sygra_eval.cli.streams import say
from sygra_eval.cli.trusting import remember
from sygra_eval.plugins import load_plugins
from sygra_eval.report import report_schema
from sygra_eval.suite import suite_schema


@click.command("schema")
@click.argument("of", type=click.Choice(["suite", "report"]), default="suite")
@click.option("-p", "plugins", multiple=True, metavar="NAME|PATH", help="Load a plugin too.")
@click.option("--trust", is_flag=True, help="Import the plugins/ folders found; remembered.")
def command(of: str, plugins: tuple[str, ...], trust: bool) -> int:
    """Print the JSON Schema of a suite, with the keys of every loaded type, for editors.

    `schema report` prints that of `report.json`.
    """
    if of == "report":
        say(report_schema().rstrip("\n"))
        return 0
    if trust:
        remember(Path())
    loaded = load_plugins(Path(), named=plugins, is_trusted=trust)
    say(json.dumps(suite_schema(loaded), indent=2, ensure_ascii=False))
    return 0

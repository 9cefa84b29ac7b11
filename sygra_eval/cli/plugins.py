"""`sygra-eval plugins`."""

import json
from dataclasses import asdict
from pathlib import Path

import click
from tabulate import tabulate

from sygra_eval.cli.output import tell
from sygra_eval.cli.streams import say
from sygra_eval.cli.trusting import remember
from sygra_eval.plugins import load_plugins


@click.command("plugins")
@click.argument(
    "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path()
)
@click.option("-p", "plugins", multiple=True, metavar="NAME|PATH", help="Load a plugin too.")
@click.option("--trust", is_flag=True, help="Import the plugins/ folders found; remembered.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def command(folder: Path, plugins: tuple[str, ...], trust: bool, as_json: bool) -> int:
    """List what is loaded for suites in FOLDER, from where, and what each plugin adds."""
    if trust:
        remember(folder)
    loaded = load_plugins(folder, named=plugins, is_trusted=trust)
    for skipped in loaded.skipped:
        tell(skipped)
    if as_json:
        listed = [asdict(plugin) for plugin in loaded.listing()]
        say(json.dumps({"exit": 0, "plugins": listed, "skipped": loaded.skipped}))
        return 0
    rows = [(p.name, p.origin, "\n".join(p.adds) or "–") for p in loaded.listing()]
    say(tabulate(rows, headers=("plugin", "from", "adds"), tablefmt="simple"))
    return 0

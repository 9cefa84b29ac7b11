"""`sygra-eval doctor [RUN]`."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path

import click
from tabulate import tabulate

from sygra_eval.cli.failures import USAGE
from sygra_eval.cli.output import tell
from sygra_eval.cli.places import run_folder
from sygra_eval.cli.streams import say
from sygra_eval.engine import JOURNAL, ExitCode, examine_run, repair_run
from sygra_eval.journal import REPAIRED
from sygra_eval.plugins import load_plugins
from sygra_eval.report import journal_json, journal_text, one_line
from sygra_eval.sandbox import Examination, examine

WIDEST = 66  # so that a page stays within 80 columns


@click.command("doctor")
@click.argument("run", required=False)
@click.option("--repair", is_flag=True, help="With RUN: put its good rows into a new journal.")
@click.option("-p", "plugins", multiple=True, metavar="NAME|PATH", help="Load a plugin too.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def command(run: str | None, repair: bool, plugins: tuple[str, ...], as_json: bool) -> int:
    """Say what this host grants for running code, or whether a run's journal is sound.

    Without RUN, layer by layer, and how to get the rest: every sandbox is started and attacked by
    its canaries; nothing is read from versions. Exit code 0 when a run would find a sandbox, 4
    when it would be refused.

    With RUN every row of its journal is checked: exit code 0 it is sound, 1 it is damaged, 4 not a
    run. --repair puts the good rows into a new journal and keeps the old one beside it; answers
    are looked for in the raw file too. What is lost, a resume comes to again.
    """
    if run is not None:
        return _run(run_folder(run, holding=(JOURNAL, REPAIRED)), repair=repair, as_json=as_json)
    if repair:
        raise click.UsageError("--repair needs a RUN")
    loaded = load_plugins(Path(), named=plugins)
    for skipped in loaded.skipped:
        tell(skipped)
    providers = {name: entry.implementation for name, entry in loaded.of("sandboxes").items()}
    found = asyncio.run(examine(providers))
    code = USAGE if found.default is None else 0
    if as_json:
        say(json.dumps({"exit": code, **asdict(found)}))
    else:
        say(page(found))
    return code


def _run(folder: Path, *, repair: bool, as_json: bool) -> int:
    """Examine a run's journal, after a repair where one was asked for."""
    repaired = repair_run(folder) if repair else None
    state = examine_run(folder)
    code = int(ExitCode.PASSED if state.is_sound else ExitCode.GATE_FAILED)
    if as_json:
        say(json.dumps({"exit": code, **journal_json(state, repaired)}))
    else:
        say(journal_text(state, repaired).rstrip("\n"))
    return code


def page(found: Examination) -> str:
    """Lay out what was found for a terminal of 80 columns."""
    profiles = [
        (p.name, p.isolation or one_line(p.answer.partition("; ways out")[0]))
        for p in found.profiles
    ]
    layers = [(x.name, "yes" if x.is_granted else "no", one_line(x.found)) for x in found.layers]
    fixes: dict[str, list[str]] = {}
    for layer in found.layers:
        if not layer.is_granted:
            fixes.setdefault(layer.fix, []).append(layer.name)
    default = f"a run takes `{found.default}`" if found.default else "a run would be refused"
    return "\n".join(
        [
            tabulate(profiles, headers=("sandbox", "isolation"), maxcolwidths=[None, WIDEST]),
            "",
            tabulate(
                layers,
                headers=("layer", "granted", "found"),
                maxcolwidths=[None, None, WIDEST - 19],
            ),
            "",
            *(f"{', '.join(names)}: {fix}" for fix, names in fixes.items()),
            default,
        ]
    )

"""`sygra-eval check SUITE...`."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path

import click

from sygra_eval.cli.output import print_diagnostics, tell
from sygra_eval.cli.several import Chosen, with_variants
from sygra_eval.cli.streams import say
from sygra_eval.cli.tasks import diagnostics_of, task_of
from sygra_eval.cli.trusting import remember
from sygra_eval.engine import ExitCode, StageRows, UpperBound, first_rows, upper_bound_of
from sygra_eval.plugins import Plugins, load_plugins
from sygra_eval.report import (
    first_rows_json,
    first_rows_text,
    upper_bound_json,
    upper_bound_text,
)
from sygra_eval.suite import check_suite
from sygra_eval.values import Diagnostic, Severity, SygraEvalError


@click.command("check")
@click.argument("suites", nargs=-1, required=True, metavar="SUITE...")
@click.option("-p", "plugins", multiple=True, metavar="NAME|PATH", help="Load a plugin too.")
@click.option("--trust", is_flag=True, help="Import the plugins/ folders found; remembered.")
@click.option(
    "--rows",
    "most_rows",
    type=click.IntRange(1, 1_000),
    metavar="N",
    help="Show the first rows after each step on their way to the graph.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def command(
    suites: tuple[str, ...],
    plugins: tuple[str, ...],
    trust: bool,
    most_rows: int | None,
    as_json: bool,
) -> int:
    """Say what is wrong with a suite, all of it at once; nothing of it is run.

    Of a suite that is fit it says the most that its calls can come to: from the prompts of its rows
    and from max_tokens, so it is a bound and no estimate. With --rows it shows the rows before and
    after selection, joins and transforms; no model is asked.
    """
    found: list[Diagnostic] = []
    bounds: list[tuple[str, UpperBound]] = []
    shown: list[tuple[str, tuple[StageRows, ...]]] = []
    for suite in suites:
        if (task := task_of(suite)) is not None:
            found += diagnostics_of(task, is_trusted=trust)
            continue
        path = Path(suite)
        folder = path.absolute().parent
        if trust:
            remember(folder)
        loaded = load_plugins(folder, named=plugins, is_trusted=trust)
        for skipped in loaded.skipped:
            tell(skipped)
        of_this = check_suite(path, loaded)
        found += of_this
        if not any(diagnostic.severity is Severity.ERROR for diagnostic in of_this):
            for chosen in with_variants([path]):
                if most_rows is not None:
                    shown += _first_rows(chosen, loaded, most_rows)
                bounds += _bound(chosen, loaded)
    errors = sum(diagnostic.severity is Severity.ERROR for diagnostic in found)
    code = ExitCode.USAGE if errors else ExitCode.PASSED
    if as_json:
        listed = [asdict(diagnostic) for diagnostic in found]
        most = [{"suite": suite, **upper_bound_json(bound)} for suite, bound in bounds]
        line = {"exit": int(code), "diagnostics": listed, "at_most": most}
        if most_rows is not None:
            line["rows"] = [{"suite": s, "stages": first_rows_json(rows)} for s, rows in shown]
        say(json.dumps(line))
        return int(code)
    print_diagnostics(found)
    for suite, rows in shown:
        if len(shown) > 1:
            say(f"{suite}:")
        say(first_rows_text(rows))
    if errors:
        say(f"{errors} error{'s' if errors > 1 else ''}")
    else:
        say(f"{', '.join(suites)}: fit to run")
    for suite, bound in bounds:
        if bound.calls:
            named = f"{suite}: " if len(bounds) > 1 else ""
            say(f"{named}{upper_bound_text(bound)}".rstrip("\n"))
    return int(code)


def _first_rows(
    suite: Chosen, plugins: Plugins, most: int
) -> list[tuple[str, tuple[StageRows, ...]]]:
    """Return the first rows of a suite; a source that breaks is told."""
    try:
        return [(str(suite), asyncio.run(first_rows(suite.path, plugins, most, suite.variant)))]
    except SygraEvalError as error:
        tell(f"{suite}: its rows cannot be shown: {error}")
        return []


def _bound(suite: Chosen, plugins: Plugins) -> list[tuple[str, UpperBound]]:
    """Return the most that a suite can take; without it the suite is fit all the same."""
    try:
        return [(str(suite), asyncio.run(upper_bound_of(suite.path, plugins, suite.variant)))]
    except SygraEvalError as error:
        tell(f"{suite}: no bound of what it can take: {error}")
        return []

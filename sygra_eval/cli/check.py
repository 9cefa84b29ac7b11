"""`sygra-eval check SUITE...`."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from sygra_eval.cli.output import print_diagnostics, tell
from sygra_eval.cli.streams import say
from sygra_eval.cli.trusting import remember
from sygra_eval.engine import ExitCode
from sygra_eval.plugins import load_plugins
from sygra_eval.suite import check_suite
from sygra_eval.values import Diagnostic, Severity


@click.command("check")
@click.argument("suites", nargs=-1, required=True, metavar="SUITE...")
@click.option("-p", "plugins", multiple=True, metavar="NAME|PATH", help="Load a plugin too.")
@click.option("--trust", is_flag=True, help="Import the plugins/ folders found; remembered.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def command(suites: tuple[str, ...], plugins: tuple[str, ...], trust: bool, as_json: bool) -> int:
    """Say what is wrong with a suite, all of it at once; nothing of it is run."""
    found: list[Diagnostic] = []
    for suite in suites:
        path = Path(suite)
        folder = path.absolute().parent
        if trust:
            remember(folder)
        loaded = load_plugins(folder, named=plugins, is_trusted=trust)
        for skipped in loaded.skipped:
            tell(skipped)
        found += check_suite(path, loaded)
    errors = sum(diagnostic.severity is Severity.ERROR for diagnostic in found)
    code = ExitCode.USAGE if errors else ExitCode.PASSED
    if as_json:
        listed = [asdict(diagnostic) for diagnostic in found]
        say(json.dumps({"exit": int(code), "diagnostics": listed}))
        return int(code)
    print_diagnostics(found)
    if errors:
        say(f"{errors} error{'s' if errors > 1 else ''}")
    else:
        say(f"{', '.join(suites)}: fit to run")
    return int(code)

"""`sygra-eval bless RUN`."""

import json

import click

from sygra_eval.cli.places import run_folder
from sygra_eval.cli.streams import say
from sygra_eval.cli.trusting import remember
from sygra_eval.engine import Compared, bless, suite_folder_of
from sygra_eval.report import blessed_text, comparison_json


@click.command("bless")
@click.argument("run")
@click.option("--reason", default="", metavar="TEXT", help="Bless a run that would be refused.")
@click.option("-p", "plugins", multiple=True, metavar="NAME|PATH", help="Load a plugin too.")
@click.option("--trust", is_flag=True, help="Import the plugins/ folders found; remembered.")
@click.option("--json", "as_json", is_flag=True, help="End standard output with one JSON line.")
def command(run: str, reason: str, plugins: tuple[str, ...], trust: bool, as_json: bool) -> int:
    """Make a run the baseline that its suite is compared with.

    Writes baselines/SUITE.json beside the suite's file, for version control: a row a line, and
    nothing of clock, host or folders. Prints the comparison with the baseline that stood there.
    A run that is not finished is refused without --reason, which is kept in the file. Exit codes: 0
    it was written, 4 not a run, or refused.
    """
    folder = run_folder(run)
    if trust:
        remember(suite_folder_of(folder))
    blessed = bless(folder, Compared(plugins=plugins, is_trusted=trust), reason=reason)
    if as_json:
        old = blessed.comparison
        said = {
            "baseline": str(blessed.path),
            "rows": blessed.rows,
            "is_same": blessed.is_same,
            "exit": 0,
            "comparison": None if old is None else comparison_json(old, exit_code=0),
            "why_not_compared": blessed.why_not_compared or None,
        }
        say(json.dumps(said))
    else:
        say(blessed_text(blessed))
    return 0

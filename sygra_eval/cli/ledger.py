"""`sygra-eval ledger RUN`."""

import asyncio
import json

import click

from sygra_eval.cli.output import tell
from sygra_eval.cli.places import run_folder
from sygra_eval.cli.rows import asked_where, where_option
from sygra_eval.cli.streams import say
from sygra_eval.cli.trusting import remember
from sygra_eval.engine import (
    NOT_REACHED,
    SURPLUS,
    LedgerLine,
    RunOptions,
    keep_ledger,
    rows_where,
    suite_folder_of,
)
from sygra_eval.report import account_line, ledger_json, ledger_line, line_json, one_line
from sygra_eval.values import Outcome

ENDS = (*(outcome.value for outcome in Outcome), NOT_REACHED, SURPLUS)


@click.command("ledger")
@click.argument("run")
@click.option(
    "--outcome",
    "outcomes",
    multiple=True,
    type=click.Choice(ENDS),
    help="Print only the rows that ended so; the sums are of all.",
)
@where_option
@click.option("-p", "plugins", multiple=True, metavar="NAME|PATH", help="As the run was given it.")
@click.option("--trust", is_flag=True, help="Import the plugins/ folders found; remembered.")
@click.option("--unsafe-no-sandbox", is_flag=True, help="As the run was given it.")
@click.option("--json", "as_json", is_flag=True, help="A JSON line a row, and one of the sums.")
def command(
    run: str,
    outcomes: tuple[str, ...],
    where: str | None,
    plugins: tuple[str, ...],
    trust: bool,
    unsafe_no_sandbox: bool,
    as_json: bool,
) -> int:
    """Say of every row of the input where it ended and why, and whether all sums hold.

    A line a row: outcome, id and reason, with tabs between them. Then the sums, of all rows, of
    each node and of each validator. Rows that were not reached are named by reading the source
    again. Exit codes: 0 it adds up, 1 it does not, 4 not a run.
    """
    folder = run_folder(run)
    if trust:
        remember(suite_folder_of(folder))
    options = RunOptions(plugins=plugins, is_trusted=trust, accepts_no_sandbox=unsafe_no_sandbox)

    with asked_where(folder, where) as condition:
        ended = rows_where(folder, condition)
        meant = None if condition is None else {end.index for end in ended}

    def take(line: LedgerLine) -> None:
        is_meant = meant is None or line.index in meant
        if is_meant and (not outcomes or line.outcome in outcomes):
            say(json.dumps(line_json(line)) if as_json else ledger_line(line))

    ledger = asyncio.run(keep_ledger(folder, take, options))
    if ledger.unnamed:
        tell(f"the rows that were not reached cannot be named here: {ledger.unnamed}")
    if ledger.damaged:
        tell(f"{ledger.damaged} damaged rows of the journal count as absent")
    if as_json:
        say(json.dumps(ledger_json(ledger)))
        return int(ledger.exit_code)
    say("")
    for sentence in (*map(account_line, ledger.accounts), *map(one_line, ledger.contradictions)):
        say(sentence)
    return int(ledger.exit_code)

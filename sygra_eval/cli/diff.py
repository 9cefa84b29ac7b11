"""`sygra-eval diff`."""

import json

import click

from sygra_eval.cli.places import run_folder
from sygra_eval.cli.rows import row_of
from sygra_eval.cli.streams import say
from sygra_eval.journal import open_readonly
from sygra_eval.report import differing_json, differing_text, ends_differing, rounds_differing


@click.command("diff")
@click.argument("what", nargs=-1, required=True, metavar="RUN [RUN_B] ROW")
@click.option(
    "--rounds",
    type=(click.IntRange(min=1), click.IntRange(min=1)),
    metavar="A B",
    help="Compare these rounds.  [default: the first and the last]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def command(what: tuple[str, ...], rounds: tuple[int, int] | None, as_json: bool) -> int:
    """Show what changed in a row: its code, its verdicts, and the tests that flipped, by name.

    Of one RUN: between two rounds of the row. Of RUN and RUN_B: between how it ended in both.
    """
    if len(what) not in (2, 3):
        raise click.UsageError("say RUN ROW or RUN RUN_B ROW")
    if len(what) == 3 and rounds is not None:
        raise click.UsageError("--rounds is for the rounds of one run")
    *runs, row = what
    ends = []
    for run in runs:
        with open_readonly(run_folder(run) / "journal.db") as reader:
            end = row_of(reader, row, run)
            ends.append((end, reader.rounds(end.row_id)))
    if len(runs) == 1:
        ((end, of_run),) = ends
        found = rounds_differing(end.row_id, of_run, rounds)
    else:
        (before, _), (after, _) = ends
        found = ends_differing((runs[0], runs[1]), before, after)
    say(json.dumps({"exit": 0, **differing_json(found)}) if as_json else differing_text(found))
    return 0

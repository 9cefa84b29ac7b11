"""`sygra-eval show RUN ROW`."""

import json
from difflib import get_close_matches

import click

from sygra_eval.cli.places import run_folder
from sygra_eval.cli.streams import say
from sygra_eval.journal import JournalReader, open_readonly
from sygra_eval.report import record_json, record_text
from sygra_eval.values import RecordEnd, UsageError


@click.command("show")
@click.argument("run")
@click.argument("row")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def command(run: str, row: str, as_json: bool) -> int:
    """Show how one row came to its outcome: each round's draft, evidence, critique and diff."""
    with open_readonly(run_folder(run) / "journal.db") as reader:
        end = _find(reader, row, run)
        rounds, faults = reader.rounds(end.row_id), reader.faults(end.row_id)
    if as_json:
        say(json.dumps(record_json(end, rounds, faults)))
    else:
        say(record_text(end, rounds, faults).rstrip("\n"))
    return 0


def _find(reader: JournalReader, row: str, run: str) -> RecordEnd:
    end = reader.find(row)
    if end is not None:
        return end
    known = [ended.row_id for ended in reader.outcomes()]
    near = get_close_matches(row, known, n=1)
    hint = f"; did you mean `{near[0]}`?" if near else f"; it has {len(known)} rows that ended"
    raise UsageError(f"{run} has no row `{row}`{hint}")

"""`sygra-eval show RUN ROW`, and `show RUN --where EXPR`."""

import json
from itertools import islice
from pathlib import Path

import click

from sygra_eval.cli.places import run_folder
from sygra_eval.cli.rows import asked_where, row_of, where_option
from sygra_eval.cli.streams import say
from sygra_eval.engine import rows_where
from sygra_eval.journal import open_readonly
from sygra_eval.report import record_json, record_text, row_json, rows_text

NOTHING_FOUND = 5
ROWS_AT_ONCE = 500
"""So many rows make a table; further ones make another, so that memory is flat."""


@click.command("show")
@click.argument("run")
@click.argument("row", required=False)
@where_option
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def command(run: str, row: str | None, where: str | None, as_json: bool) -> int:
    """Show how one row came to its outcome: each round's draft, evidence, critique and diff.

    Without ROW the rows are listed, those for which --where holds; exit code 5 when there is none.
    """
    folder = run_folder(run)
    if row is None:
        return _list(folder, where, as_json=as_json)
    if where is not None:
        raise click.UsageError("--where lists rows; say it without ROW")
    with open_readonly(folder / "journal.db") as reader:
        end = row_of(reader, row, run)
        rounds, faults = reader.rounds(end.row_id), reader.faults(end.row_id)
    if as_json:
        say(json.dumps(record_json(end, rounds, faults)))
    else:
        say(record_text(end, rounds, faults).rstrip("\n"))
    return 0


def _list(folder: Path, where: str | None, *, as_json: bool) -> int:
    count = 0
    with asked_where(folder, where) as condition:
        ends = rows_where(folder, condition)
        while some := list(islice(ends, ROWS_AT_ONCE)):
            if as_json:
                for end in some:
                    say(json.dumps(row_json(end)))
            else:
                say(rows_text(some))
            count += len(some)
    code = 0 if count else NOTHING_FOUND
    if as_json:
        say(json.dumps({"exit": code, "run": str(folder), "rows": count}))
    else:
        say(f"{count} rows")
    return code

"""`sygra-eval grep RUN PATTERN`."""

import json

import click

from sygra_eval.cli.places import run_folder
from sygra_eval.cli.rows import asked_where, where_option
from sygra_eval.cli.streams import say
from sygra_eval.engine import Part, found_in, pattern_of, rows_where
from sygra_eval.journal import open_readonly
from sygra_eval.report import match_json, match_lines, one_line

NOTHING_FOUND = 5


@click.command("grep")
@click.argument("run")
@click.argument("pattern")
@click.option("-i", "--ignore-case", is_flag=True, help="Small and capital letters are alike.")
@click.option(
    "-C",
    "--context",
    type=click.IntRange(0, 100),
    default=0,
    metavar="N",
    help="So many lines around.",
)
@click.option("-l", "--ids", "ids_only", is_flag=True, help="Print the ids of the rows alone.")
@click.option(
    "--in",
    "parts",
    multiple=True,
    type=click.Choice([part.value for part in Part]),
    help="Search only there; may be said again.",
)
@where_option
@click.option("--json", "as_json", is_flag=True, help="A JSON line a match, and one of the sums.")
def command(
    run: str,
    pattern: str,
    ignore_case: bool,
    context: int,
    ids_only: bool,
    parts: tuple[str, ...],
    where: str | None,
    as_json: bool,
) -> int:
    """Find a pattern in answers, code, critiques, evidence and reasons of a run's rows.

    PATTERN is one of Python's `re`, looked for line by line. A line a match: row, round, where,
    number of the line, and the line. Exit code 5 when there is none; a pattern that takes more
    than 2 s on one text ends the search with 4.
    """
    folder = run_folder(run)
    sought, places = pattern_of(pattern, ignores_case=ignore_case), [Part(part) for part in parts]
    rows = matches = 0
    with open_readonly(folder / "journal.db") as reader, asked_where(folder, where) as condition:
        for end in rows_where(folder, condition):
            found = 0
            for match in found_in(reader, end, sought, parts=places, context=context):
                found += 1
                if ids_only:
                    break
                if as_json:
                    say(json.dumps(match_json(match)))
                else:
                    say("\n".join(match_lines(match)))
            if found and ids_only:
                say(json.dumps({"row": end.row_id}) if as_json else one_line(end.row_id))
            rows, matches = rows + bool(found), matches + found
    code = 0 if rows else NOTHING_FOUND
    if as_json:
        say(json.dumps({"exit": code, "run": str(folder), "rows": rows, "matches": matches}))
    return code

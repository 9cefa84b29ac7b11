"""`sygra-eval report RUN`."""

import json
import os
import sys
from pathlib import Path

import click

from sygra_eval.cli.places import run_folder
from sygra_eval.cli.streams import say, write_chunks
from sygra_eval.cli.trusting import remember
from sygra_eval.engine import (
    ReportContext,
    ReportOptions,
    parts_of,
    plugins_of_run,
    put_view,
    suite_folder_of,
    summarise,
)
from sygra_eval.report import (
    WIDTH,
    formats_text,
    query_json,
    query_text,
    shows_color,
    terminal_width,
)
from sygra_eval.values import UsageError


@click.command("report")
@click.argument("run")
@click.option("--as", "format_", default="terminal", metavar="NAME", help="Which view.")
@click.option("--to", default="-", metavar="FILE", help="Where to; `-` is standard output.")
@click.option("--full", is_flag=True, help="All details, and not only what decides.")
@click.option("--formats", is_flag=True, help="Say which views there are, and stop.")
@click.option("--query", metavar="NAME", help="Show a figure's query, its result, its rows.")
@click.option("--at", multiple=True, metavar="COLUMN=VALUE", help="Of --query: this line alone.")
@click.option("--max-rows", type=click.IntRange(1), metavar="N", help="Show at most N rows.")
@click.option("--max-mb", type=float, metavar="N", help="Take at most N megabytes.")
@click.option("--excel", is_flag=True, help="Of `csv`: begin with the mark that Excel wants.")
@click.option("--raw", is_flag=True, help="Of `csv`: for a program, formulas as they are.")
@click.option("--json", "as_json", is_flag=True, help="Of --query: one line of JSON.")
@click.option("-p", "plugins", multiple=True, metavar="NAME|PATH", help="Load a plugin too.")
@click.option("--trust", is_flag=True, help="Import the plugins/ folders found; remembered.")
def command(
    run: str,
    format_: str,
    to: str,
    full: bool,
    formats: bool,
    query: str | None,
    at: tuple[str, ...],
    max_rows: int | None,
    max_mb: float | None,
    excel: bool,
    raw: bool,
    as_json: bool,
    plugins: tuple[str, ...],
    trust: bool,
) -> int:
    """Show a run, finished or not, in one of many views; nothing in its folder changes.

    Exit codes: 0 it was shown, whatever the run came to; 4 not a run, no such view, or the view
    broke.
    """
    folder = run_folder(run)
    if trust:
        remember(suite_folder_of(folder))
    loaded = plugins_of_run(folder, plugins, is_trusted=trust)
    if formats:
        say(formats_text(loaded))
        return 0
    reporter = loaded.find("reporters", format_)
    options = ReportOptions(
        width=terminal_width(sys.stdout) if to == "-" else WIDTH,
        has_color=to == "-" and shows_color(sys.stdout, os.environ),
        is_full=full,
        max_rows=max_rows,
        max_mb=max_mb,
        has_bom=excel,
        is_raw=raw,
    )
    ctx = ReportContext(summary=summarise(folder), plugins=loaded, options=options)
    if query is not None:
        places = dict(_place(one) for one in at)
        say(json.dumps(query_json(ctx, query, places)) if as_json else _query(ctx, query, places))
    elif to == "-":
        write_chunks(sys.stdout, parts_of(reporter, ctx))
    else:
        put_view(reporter, ctx, Path(to))
    return 0


def _query(ctx: ReportContext, query: str, places: dict[str, str]) -> str:
    return query_text(ctx, query, places).rstrip("\n")


def _place(said: str) -> tuple[str, str]:
    column, equals, value = said.partition("=")
    if not equals:
        raise UsageError(f"--at {said}: write COLUMN=VALUE, as in --at outcome=verified")
    return column, value

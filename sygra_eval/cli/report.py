"""`sygra-eval report RUN`."""

import os
import sys
from pathlib import Path

import click

from sygra_eval.cli.places import run_folder
from sygra_eval.cli.streams import say
from sygra_eval.report import kept_document, short_text, shows_color, terminal_width


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
    is_plain = format_ == "terminal" and to == "-" and not (full or formats or query or plugins)
    if is_plain and (page := _kept_page(folder)):
        say(page)
        return 0
    from sygra_eval.cli.viewing import Asked, view  # the engine takes a second

    asked = Asked(
        format=format_,
        to=to,
        is_full=full,
        lists_formats=formats,
        query=query,
        at=at,
        max_rows=max_rows,
        max_mb=max_mb,
        has_bom=excel,
        is_raw=raw,
        as_json=as_json,
        plugins=plugins,
        is_trusted=trust,
    )
    return view(folder, asked)


def _kept_page(folder: Path) -> str:
    """Return the page of a finished run from its `report.json`; empty where the journal has to."""
    document = kept_document(folder)
    if document is None:
        return ""
    width, color = terminal_width(sys.stdout), shows_color(sys.stdout, os.environ)
    try:
        return short_text(document, width=width, has_color=color).rstrip("\n")
    except (LookupError, TypeError, ValueError, AttributeError):  # somebody else's file
        return ""

"""`sygra-eval compare A B [C…]`."""

import asyncio
import json
from pathlib import Path

import click

from sygra_eval.cli.places import run_folder
from sygra_eval.cli.streams import say
from sygra_eval.cli.trusting import remember
from sygra_eval.engine import Compared, ExitCode, compare_with_first, suite_folder_of
from sygra_eval.quality import Rules
from sygra_eval.report import comparison_json, comparison_markdown, comparison_text

FEWEST, MOST = 2, 5
FORMATS = {"text": comparison_text, "markdown": comparison_markdown}


@click.command("compare")
@click.argument("places", nargs=-1, required=True, metavar="A B [C…]")
@click.option(
    "--metrics",
    multiple=True,
    metavar="A,B",
    help="Only these; NAME:higher or NAME:lower says which way is better.",
)
@click.option("--on", default="id", show_default=True, help="Data files: what names a row.")
@click.option(
    "--input", "inputs", multiple=True, metavar="COLUMN", help="Data files: a row's input."
)
@click.option(
    "--margin",
    type=click.FloatRange(min=0),
    default=0.02,
    show_default=True,
    help="A change that certainly lies inside is none.",
)
@click.option(
    "--max-drop",
    type=click.FloatRange(min=0),
    help="A change for the worse that may be larger is a regression too.",
)
@click.option("--fail-on-regression", is_flag=True, help="End with 1 when something is worse.")
@click.option(
    "--as",
    "form",
    type=click.Choice(sorted(FORMATS)),
    default="text",
    show_default=True,
    help="What to print.",
)
@click.option("-p", "plugins", multiple=True, metavar="NAME|PATH", help="Load a plugin too.")
@click.option("--trust", is_flag=True, help="Import the plugins/ folders found; remembered.")
@click.option("--json", "as_json", is_flag=True, help="End standard output with one JSON line.")
@click.option("--all-rows", is_flag=True, help="With --json: name the rows that did not turn too.")
def command(
    places: tuple[str, ...],
    metrics: tuple[str, ...],
    on: str,
    inputs: tuple[str, ...],
    margin: float,
    max_drop: float | None,
    fail_on_regression: bool,
    form: str,
    plugins: tuple[str, ...],
    trust: bool,
    as_json: bool,
    all_rows: bool,
) -> int:
    """Compare runs row by row: better, worse, equivalent or no evidence.

    The first is the baseline that up to four others are compared with. Each is a run folder or
    SUITE/RUN below reports/, a baseline file that `bless` wrote, or a data file whose rows have an
    id. Rows are matched by id; a row whose input changed is compared nowhere. Pass and fail are
    tested by McNemar's mid-p, scores by a permutation test, and p is corrected for the number of
    tests: of metrics, and of all comparisons that are made at once. Exit codes: 0 compared, 1 a
    regression with --fail-on-regression, 4 they cannot be compared, 5 no row stands on both sides.
    """
    if not FEWEST <= len(places) <= MOST:
        raise click.UsageError(f"name {FEWEST} to {MOST} runs, the one to compare with first")
    if all_rows and not as_json:
        raise click.UsageError("--all-rows is for --json")
    found_at = [_place(given) for given in places]
    if trust:
        for place in found_at:
            if place.is_dir():
                remember(suite_folder_of(place))
    names = tuple(name for one in metrics for name in one.split(",") if name.strip())
    asked = Compared(
        metrics=names,
        on=on,
        inputs=inputs,
        rules=Rules(margin=margin, max_drop=max_drop),
        plugins=plugins,
        is_trusted=trust,
    )
    found = asyncio.run(compare_with_first(found_at, asked))
    is_failed = fail_on_regression and any(one.regressions for one in found)
    code = ExitCode.GATE_FAILED if is_failed else ExitCode.PASSED
    if as_json:
        say(json.dumps(comparison_json(*found, exit_code=int(code), is_whole=all_rows)))
    else:
        say(FORMATS[form](*found).rstrip("\n"))
    return int(code)


def _place(given: str) -> Path:
    """Return a file as it stands, and a run by its folder or by SUITE/RUN."""
    return Path(given) if Path(given).is_file() else run_folder(given)
